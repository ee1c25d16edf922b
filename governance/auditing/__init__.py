# SPDX-License-Identifier: Apache-2.0
"""Audits of tags for bias and leaks: people are counted here, judged in `audit.bias`, told in a report."""
