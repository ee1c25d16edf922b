# SPDX-License-Identifier: Apache-2.0
"""A disk that fails, fills up or stops in the middle: nothing acknowledged is lost, and work goes on."""

import shutil
import sys

import pytest

from tests.faults.scene import KINDS, STORES, Stage

EVERY = len(KINDS)
"""Each call meets one of the kinds, and each kind every fourth call."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("THE FAULT TESTS DID NOT RUN: they need Linux and a C compiler (cc)")
    opened = Stage(tmp_path_factory.mktemp("faults"))
    yield opened
    opened.close()


@pytest.mark.parametrize("store", STORES)
def test_a_few_of_those_calls(stage, store):
    for place, kind in enumerate(KINDS):
        assert stage.suffer(store, kind, 9 + 17 * place)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", STORES)
def test_whatever_call_goes_wrong_nothing_acknowledged_is_lost(stage, store, kind):
    number = 1 + list(KINDS).index(kind)
    while stage.suffer(store, kind, number):
        number += EVERY
    assert number > 60
