# SPDX-License-Identifier: Apache-2.0
"""What the property tests share."""

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for small lakes: every example writes its own over the last one."""
    return tmp_path_factory.mktemp("lake")
