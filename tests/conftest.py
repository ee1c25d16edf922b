# SPDX-License-Identifier: Apache-2.0
"""What all tests share: how many examples a property gets that does not say it itself.

None fails for being slow, since the machine may be busy. `--hypothesis-profile=long` gives more.
"""

from functools import cache

import pytest
from hypothesis import settings

settings.register_profile("tagwarden", deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile("tagwarden")


@pytest.fixture(scope="session", autouse=True)
def _stretched_once():
    """Make a key of a passphrase and a salt once in a process: making it is slow on purpose."""
    from governance.vault import backup, rootkey

    derive = cache(rootkey.derive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rootkey, "derive", derive)
        patch.setattr(backup, "derive", derive)
        yield
