# SPDX-License-Identifier: Apache-2.0
"""Evidence: what an entry may say, and the tree that proves it."""
