# SPDX-License-Identifier: Apache-2.0
"""Erasure of a person, and the certificate of it."""
