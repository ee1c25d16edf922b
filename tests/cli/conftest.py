# SPDX-License-Identifier: Apache-2.0
"""Commands are given by the operator who made the workspaces of tests."""

import pytest

from tests.workshop import OFFICER


@pytest.fixture(autouse=True)
def _officer(monkeypatch):
    monkeypatch.setenv("TAGWARDEN_ACTOR", OFFICER.name)
