# SPDX-License-Identifier: Apache-2.0
"""What a custodian does with the keys: look at them, rotate them. Shows no key."""
