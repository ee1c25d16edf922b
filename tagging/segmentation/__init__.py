# SPDX-License-Identifier: Apache-2.0
"""Segments under differential privacy: one charged release, and all that is free after it.

Pure: arrays in, arrays out. No store, no people, no terminal; the ledger is governance's.
"""
