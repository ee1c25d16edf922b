# SPDX-License-Identifier: Apache-2.0
"""Models learned from outcomes: trained by libraries, kept as numbers, scored by our own code."""
