# SPDX-License-Identifier: Apache-2.0
"""The rule language: text, typed tree, lowerings to SQL, and replay."""
