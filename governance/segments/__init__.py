# SPDX-License-Identifier: Apache-2.0
"""Segments of people: a document, a release that is charged once, and what is free after it."""
