# SPDX-License-Identifier: Apache-2.0
"""Compliance audits: each obligation of a regime, met, not met, or for a person to judge. Pure."""
