# SPDX-License-Identifier: Apache-2.0
"""With what proof: faults, time, ids, canonical bytes, and the evidence tree."""
