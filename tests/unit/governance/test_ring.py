# SPDX-License-Identifier: Apache-2.0
"""The key ring: for the owner only, outside the workspace, never made anew in silence."""

import json
import os
import stat

import pytest

from audit.errors import Refused
from audit.ids import SeededIds, SystemIds
from governance.vault.ring import create_ring, open_ring
from tests.workshop import code_of


@pytest.fixture
def ring(tmp_path):
    tmp_path.chmod(0o700)
    path = tmp_path / "rings" / "ring.json"
    create_ring(path, SystemIds(), root=tmp_path / "shop")
    return path


def opening(path):
    return code_of(lambda: open_ring(path, root=path.parents[1] / "shop"))


def test_a_ring_is_made_for_the_owner_only_and_opens(ring):
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
    assert stat.S_IMODE(ring.parent.stat().st_mode) == 0o700
    assert [path.name for path in ring.parent.iterdir()] == ["ring.json"]
    assert opening(ring) == ""


def test_the_mode_holds_whatever_the_umask_is(tmp_path):
    tmp_path.chmod(0o700)
    before = os.umask(0o277)
    try:
        create_ring(tmp_path / "ring.json", SystemIds(), root=tmp_path / "shop")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "ring.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700])
def test_a_ring_that_others_may_use_is_refused(ring, mode):
    ring.chmod(mode)
    assert opening(ring) == "ring-mode"


def test_a_ring_in_a_folder_where_others_may_write_is_refused(ring):
    ring.parent.chmod(0o770)
    assert opening(ring) == "ring-folder-mode"


def test_a_symbolic_link_is_no_ring(ring):
    link = ring.with_name("link.json")
    link.symlink_to(ring)
    assert opening(link) == "ring-link"


def test_a_ring_inside_the_workspace_is_refused_there_and_through_a_link(tmp_path):
    tmp_path.chmod(0o700)
    inside = tmp_path / "shop" / "keystore" / "ring.json"
    assert code_of(lambda: create_ring(inside, SystemIds(), root=tmp_path / "shop")) == "ring-place"
    assert not inside.exists()
    (tmp_path / "shop").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "shop")
    through = tmp_path / "alias" / "ring.json"
    assert code_of(lambda: open_ring(through, root=tmp_path / "shop")) == "ring-place"


def test_a_missing_ring_is_told_with_the_way_back_and_never_replaced(ring):
    ring.unlink()
    with pytest.raises(Exception, match="without it nothing sealed can be read") as caught:
        open_ring(ring, root=ring.parents[1] / "shop")
    assert (caught.value.code, caught.value.exit_code) == ("ring-missing", 4)
    assert str(ring) in caught.value.hint
    assert not ring.exists()


def test_an_existing_ring_is_never_overwritten(ring):
    before = ring.read_bytes()
    root = ring.parents[1] / "shop"
    assert code_of(lambda: create_ring(ring, SystemIds(), root=root)) == "ring-exists"
    assert ring.read_bytes() == before


DAMAGES = {
    "another version": lambda value: value | {"v": 2},
    "no current key": lambda value: value | {"current": 2},
    "a short key": lambda value: value | {"idx": "00"},
    "no key": lambda value: value | {"kek": {"1": "xyz"}},
    "no keys": lambda value: value | {"kek": []},
    "a part missing": lambda value: {k: v for k, v in value.items() if k != "log"},
    "a list": lambda value: [value],
    "a number": lambda _value: 5,
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_ring_is_unreadable_and_shows_nothing(ring, change):
    value = json.loads(ring.read_text())
    ring.write_text(json.dumps(change(value)))
    with pytest.raises(Exception, match="cannot be read") as caught:
        open_ring(ring, root=ring.parents[1] / "shop")
    assert caught.value.code == "ring-unreadable"
    assert caught.value.__cause__ is None
    assert value["idx"] not in str(caught.value)


def test_no_key_shows_in_what_is_printed_of_a_ring(ring):
    value = json.loads(ring.read_text())
    shown = repr(open_ring(ring, root=ring.parents[1] / "shop"))
    for key in (value["idx"], value["log"], value["kek"]["1"]["key"]):
        assert key not in shown
        assert repr(bytes.fromhex(key))[2:-1] not in shown


def test_a_failed_write_leaves_neither_a_ring_nor_a_rest(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)

    def no_room(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        create_ring(tmp_path / "ring.json", SeededIds(), root=tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


def test_signatures_hold_for_one_message(ring):
    opened = open_ring(ring, root=ring.parents[1] / "shop")
    signature = opened.sign(b"one")
    assert opened.signed(signature, b"one")
    assert not opened.signed(signature, b"two")
    assert not opened.signed(b"short", b"one")


def test_refusals_have_the_exit_code_of_refusals():
    assert Refused("x", "y").exit_code == 3
