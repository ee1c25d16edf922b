# SPDX-License-Identifier: Apache-2.0
"""The command line: parses, calls one use case, prints."""
