# SPDX-License-Identifier: Apache-2.0
"""The consent report: from counts and facts to a document, its words and its page. Pure."""
