# SPDX-License-Identifier: Apache-2.0
"""How data comes in: every file is checked, counted, and taken whole or not at all."""
