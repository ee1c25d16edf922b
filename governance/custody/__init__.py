# SPDX-License-Identifier: Apache-2.0
"""What a custodian does with the keys: look at them, rotate, back up and restore them. Shows no key."""
