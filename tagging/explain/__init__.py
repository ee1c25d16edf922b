# SPDX-License-Identifier: Apache-2.0
"""Why, and why not: reasons, smallest changes, and their words."""
