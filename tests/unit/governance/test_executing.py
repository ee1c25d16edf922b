# SPDX-License-Identifier: Apache-2.0
"""What is done when a request is granted: nothing twice, nothing half, and the next read obeys."""

import pytest


@pytest.fixture
def town(tmp_path):
    """A shop with a tag, in which ann bought something, and a clerk who takes requests in."""
    from tests.access import a_living_shop

    opened = a_living_shop(tmp_path)
    yield opened
    opened.close()
