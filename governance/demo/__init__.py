# SPDX-License-Identifier: Apache-2.0
"""The whole story on real retail data, told while it happens."""
