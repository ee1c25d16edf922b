# SPDX-License-Identifier: Apache-2.0
"""Compliance audits of a workspace, and the pack that an outside auditor gets."""
