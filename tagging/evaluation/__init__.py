# SPDX-License-Identifier: Apache-2.0
"""Evaluation: one plan for all tags, in bulk or for one person."""
