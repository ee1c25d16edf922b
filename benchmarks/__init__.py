# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: every figure is a ratio against a plainer way, measured in the same run."""
