# SPDX-License-Identifier: Apache-2.0
"""What all tests share: no example fails for being slow, since the machine may be busy."""

from hypothesis import settings

settings.register_profile("tagwarden", deadline=None)
settings.load_profile("tagwarden")
