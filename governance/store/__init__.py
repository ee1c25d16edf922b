# SPDX-License-Identifier: Apache-2.0
"""The control store: the only code that opens the database."""
