# SPDX-License-Identifier: Apache-2.0
"""The texts that leave the house are spelled as C2SP writes them, and read in that spelling only."""

from base64 import b64decode

import pytest

from audit.evidence.note import (
    ED25519,
    Checkpoint,
    Signature,
    cosigned,
    growth_file,
    key_id,
    proof_file,
    verifier_key,
)
from audit.evidence.tiles import WIDTH, bundle, full_tiles, place, tile_name, tiles
from audit.evidence.tree import Head

ROOT = b"r" * 32
SIGNED = Checkpoint(
    "example.com/log", Head(7, ROOT), (Signature("example.com/log", b"abcd", b"made"),)
)


def test_a_key_is_named_as_in_the_example_of_signed_note():
    vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    public = b64decode(vkey.rsplit("+", 1)[1])[1:]
    assert verifier_key("example.com/foo", ED25519, public) == vkey
    signature = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    assert b64decode(signature)[:4] == key_id("example.com/foo", ED25519, public)


def test_a_checkpoint_is_three_lines_and_its_signatures():
    assert SIGNED.encode().decode() == (
        "example.com/log\n7\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n"
        "\n— example.com/log YWJjZG1hZGU=\n"
    )
    assert Checkpoint.decode(SIGNED.encode()) == SIGNED


def test_what_the_lasting_key_signs_is_name_time_origin_size_and_root():
    assert cosigned("w", 5, SIGNED) == (
        b"subtree/v1\n\0" + b"\x01w" + bytes(7) + b"\x05" + b"\x0fexample.com/log" + bytes(8)
        + bytes(7) + b"\x07" + ROOT
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n٧\n"),
        ("cnJy", "cn y"),
        ("cnI=", "cnJ="),
        ("cnI=\n", "cnI=\nmore\n"),
        ("\n— ", "\n- "),
        ("ZGU=\n", "ZGU="),
        ("ZGU=\n", "ZGU=\n\n"),
        ("ZGU=", "ZGV="),
        ("YWJjZG1hZGU=", "YWJjZA=="),
        ("example.com/log\n7", "example.com+log\n7"),
        ("example.com/log\n7", "\n7"),
    ],
    ids=str,
)
def test_every_other_spelling_of_a_checkpoint_is_refused(change):
    note = SIGNED.encode().decode()
    other = note.replace(*change, 1)
    assert other != note
    with pytest.raises(ValueError, match=r"."):
        Checkpoint.decode(other.encode())


def test_proofs_are_lines_above_a_checkpoint():
    assert proof_file(3, [b"a" * 3], b"note", b"xyz") == (
        b"c2sp.org/tlog-proof@v1\nextra eHl6\nindex 3\nYWFh\n\nnote"
    )
    assert proof_file(0, [], b"note") == b"c2sp.org/tlog-proof@v1\nindex 0\n\nnote"
    assert growth_file(3, [b"a" * 3], b"note") == b"old 3\nYWFh\n\nnote"


def test_tiles_are_named_and_counted_as_in_the_examples_of_tlog_tiles():
    assert tile_name(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_name("entries", 0, 5) == "tile/entries/000.p/5"
    found = list(tiles(70_000))
    assert sum(one[0] == 0 and one[2] == WIDTH for one in found) == 273
    assert found[273:] == [(0, 273, 112), (1, 0, WIDTH), (1, 1, 17), (2, 0, 1)]
    assert list(tiles(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles(0)) == []


@pytest.mark.parametrize("before", [0, 1, 255, 256, 300, 65_535, 65_536])
def test_as_a_log_grows_each_full_tile_comes_once(before):
    for after in (before + 1, before + 700, 66_000):
        was = {one[:2] for one in tiles(before) if one[2] == WIDTH}
        now = {one[:2] for one in tiles(after) if one[2] == WIDTH}
        assert list(full_tiles(before, after)) == sorted(now - was)


def test_a_subtree_lies_in_a_tile():
    assert place(0, 5) == (0, 5, 1)
    assert place(7, 1) == (0, 128, 128)
    assert place(8, 3) == (1, 3, 1)
    assert place(17, 2) == (2, 4, 2)


def test_a_bundle_says_the_length_of_each_entry():
    assert bundle([b"", b"ab"]) == b"\0\0\0\2ab"
