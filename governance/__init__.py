# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and how they ask: use cases, stores, and the doors for people and programs."""
