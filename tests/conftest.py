# SPDX-License-Identifier: Apache-2.0
"""What all tests share: how many examples a property gets that does not say it itself.

None fails for being slow, since the machine may be busy. `--hypothesis-profile=long` gives more.
"""

from hypothesis import settings

settings.register_profile("tagwarden", deadline=None, max_examples=60)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile("tagwarden")
