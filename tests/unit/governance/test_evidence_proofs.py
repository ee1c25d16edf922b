# SPDX-License-Identifier: Apache-2.0
"""What the log hands out: tiles, checkpoints, proofs; and what it refuses to sign."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from audit.clock import SECOND
from audit.evidence.note import ML_DSA_44, Checkpoint, Signature, key_id
from audit.evidence.tree import (
    Head,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from audit.ids import SystemIds
from governance.evidence import log as log_file
from governance.evidence import signing
from governance.evidence.log import Log, Row
from governance.vault.ring import create_ring
from tests.workshop import NOON, a_workspace, code_of, reopened


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def act(ws, count=1):
    with ws.store.write() as unit:
        for number in range(count):
            unit.log(ws.evidence.entry("consent.recorded", n=number))


def leaves(ws):
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        return [row[0] for row in log.execute("SELECT leaf FROM entry ORDER BY idx")]


def forced(ws, *statements):
    """Change the file as somebody would who owns it: without the triggers."""
    with closing(sqlite3.connect(ws.paths.evidence, isolation_level=None)) as log:
        for (name,) in log.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            log.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            log.execute(statement)


def problems(ws):
    with closing(reopened(ws.paths.root)) as fresh:
        return {problem.code for problem in fresh.evidence.verify().problems}


def nothing(_done, _total):
    """Progress that nobody looks at."""


def test_the_root_of_every_full_tile_is_kept_as_the_log_grows(ws):
    for count in (200, 55, 1, 300):
        act(ws, count)
    hashes = leaves(ws)
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        kept = log.execute("SELECT level, n, root FROM tile ORDER BY level, n").fetchall()
    assert kept == [(0, n, root_of(hashes[n * 256 : n * 256 + 256])) for n in range(2)]
    assert problems(ws) == set()


def test_entries_and_the_tile_they_fill_are_written_together_or_not_at_all(ws, monkeypatch):
    act(ws, 254)

    def broken(_hashes):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(log_file, "root_of", broken)
        with pytest.raises(OSError, match="Input"):
            act(ws)
    assert len(leaves(ws)) == 255
    assert ws.evidence.drain() == 1
    assert len(leaves(ws)) == 256
    assert problems(ws) == set()


def test_proofs_from_the_file_hold_where_a_second_level_of_tiles_begins(tmp_path):
    size = 65_537 + 256
    path = tmp_path / "log.db"
    tmp_path.chmod(0o700)
    Log.create(path)
    with closing(Log.open(path)) as log:
        for first in range(0, size, 5_000):
            _append(log, range(first, min(size, first + 5_000)))
        with log.reading() as state:
            for index in (0, 255, 256, 65_535, 65_536, size - 1):
                proof = inclusion_proof(log, index, size)
                assert included(leaf_hash(b"%d" % index), index, size, proof, state.root)
            for old in (1, 256, 65_535, 65_536, 65_537, size):
                proof = consistency_proof(log, old, size)
                was = Head(old, root_of(leaf_hash(b"%d" % i) for i in range(old)))
                assert consistent(was, state.head, proof)


def _append(log, numbers):
    with log.writing() as state:
        rows = [Row(i, i + 1, b"%d" % i, leaf_hash(b"%d" % i)) for i in numbers]
        for row in rows:
            state.tree.append(row.leaf)
        state.root = state.tree.root()
        log.append(rows, state)


TILES = {
    "changed": ("UPDATE tile SET root = zeroblob(32)", "tile-changed"),
    "missing": ("DELETE FROM tile", "tile-missing"),
    "one too many": ("INSERT INTO tile VALUES (0, 1, zeroblob(32))", "tile-missing"),
}


@pytest.mark.parametrize("name", TILES)
def test_an_edited_tile_is_noticed(ws, name):
    act(ws, 300)
    ws.close()
    statement, code = TILES[name]
    forced(ws, statement)
    assert problems(ws) == {code}


def test_from_an_edited_tile_nothing_is_proven_and_nothing_is_signed(ws):
    act(ws, 300)
    forced(ws, TILES["changed"][0])
    proofs = ws.evidence.proofs
    assert code_of(proofs.checkpoint) == "log-inconsistent"
    assert code_of(lambda: proofs.inclusion(280)) == "log-inconsistent"


def test_tiles_are_never_written_over(ws):
    act(ws, 300)
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        for statement in (
            *("UPDATE tile SET root = x'00'", "DELETE FROM tile"),
            "REPLACE INTO tile VALUES (0, 0, x'00')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                log.execute(statement)


@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
def test_a_checkpoint_says_how_far_the_log_has_come_and_when(ws):
    act(ws, 3)
    head, note = ws.evidence.proofs.checkpoint()
    assert head == Head(4, root_of(leaves(ws)))
    assert signing.read(ws.keys.ring, note) == signing.Signed(head, NOON // SECOND)
    assert [key.split("+")[0] for key in ws.evidence.proofs.verifier_keys()] == [
        f"tagwarden-audit/{ws.keys.ring.tenant.hex()}"
    ] * 2


def test_a_checkpoint_needs_both_signatures_of_this_log(ws, tmp_path):
    _, note = ws.evidence.proofs.checkpoint()
    ring = ws.keys.ring
    found = Checkpoint.decode(note)
    plain, lasting = found.signatures
    tmp_path.chmod(0o700)
    other = create_ring(tmp_path / "other" / "ring.json", SystemIds(), root=tmp_path / "x")
    later = lasting.value[:7] + b"\xff" + lasting.value[8:]
    for forged in (
        Checkpoint(found.origin, found.head, (plain,)),
        Checkpoint(found.origin, found.head, (lasting, lasting)),
        Checkpoint(found.origin, Head(2, found.head.root), found.signatures),
        Checkpoint(found.origin, found.head, (plain, Signature(plain.name, lasting.key, later))),
        Checkpoint("another", found.head, found.signatures),
    ):
        assert code_of(lambda forged=forged: signing.read(ring, forged.encode())) == (
            "checkpoint-forged"
        )
    assert code_of(lambda: signing.read(other, note)) == "checkpoint-forged"
    assert code_of(lambda: signing.read(ring, b"\xff")) == "checkpoint-forged"
    witnessed = Checkpoint(
        found.origin, found.head, (*found.signatures, Signature("witness", b"abcd", b"x"))
    )
    assert signing.read(ring, witnessed.encode()).head == found.head
    assert lasting.key == key_id(found.origin, ML_DSA_44, ring.log_keys[1])


def test_an_entry_is_proven_with_its_words(ws):
    act(ws, 299)
    found = ws.evidence.proofs.inclusion(17)
    assert json.loads(found.entry)["obj"] == {"n": 16}
    assert included(leaf_hash(found.entry), 17, 300, found.hashes, found.head.root)
    assert code_of(lambda: ws.evidence.proofs.inclusion(300)) == "unknown-entry"
    assert code_of(lambda: ws.evidence.proofs.inclusion(-1)) == "unknown-entry"


def test_an_edited_entry_is_not_proven(ws):
    act(ws, 5)
    forced(ws, "UPDATE entry SET bytes = x'7b7d' WHERE idx = 3")
    assert code_of(lambda: ws.evidence.proofs.inclusion(3)) == "log-inconsistent"


def test_growth_from_an_old_checkpoint_is_proven(ws):
    _, old = ws.evidence.proofs.checkpoint()
    act(ws, 300)
    found = ws.evidence.proofs.growth(old)
    assert (found.old.size, found.new.size) == (1, 301)
    assert consistent(found.old, found.new, found.hashes)
    assert found.file.startswith(b"old 1\n")


def test_a_log_that_was_put_back_or_begun_anew_does_not_go_on_from_a_checkpoint(ws, tmp_path):
    act(ws, 5)
    _copy(ws, tmp_path)
    with closing(reopened(ws.paths.root)) as on:
        act(on, 5)
        _, note = on.evidence.proofs.checkpoint()
    _put_back(ws, tmp_path)
    with closing(reopened(ws.paths.root)) as back:
        assert code_of(lambda: back.evidence.proofs.growth(note)) == "log-rolled-back"
        act(back, 6)
        assert code_of(lambda: back.evidence.proofs.growth(note)) == "log-forked"


def _copy(ws, folder):
    """Keep a copy of everything: stores, log, key ring and signed head."""
    ws.close()
    shutil.copytree(ws.paths.root, folder / "copy" / "shop")
    shutil.copytree(ws.paths.ring.parent, folder / "copy" / "rings")


def _put_back(ws, folder):
    for part in (ws.paths.root, ws.paths.ring.parent):
        shutil.rmtree(part)
        shutil.copytree(folder / "copy" / part.name, part)


def test_an_export_is_whole_and_goes_on_where_it_was(ws, tmp_path):
    act(ws, 299)
    folder = tmp_path / "out"
    proofs = ws.evidence.proofs
    done = proofs.export(folder, nothing)
    assert (done.size, done.written, done.kept) == (300, 5, 0)
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert names == {
        *("checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"),
        *("tile/entries/000", "tile/entries/001.p/44"),
    }
    (folder / "tile/0/000").unlink()
    (folder / "tile/entries/.001.9.new").write_bytes(b"left by a killed process")
    (folder / "checkpoint").unlink()
    done = proofs.export(folder, nothing)
    assert (done.written, done.kept) == (1, 4)
    assert not list(folder.rglob(".*.new"))
    act(ws, 300)
    done = ws.evidence.proofs.export(folder, nothing)
    assert (done.size, done.written, done.kept) == (600, 5, 2)


def test_an_export_never_overwrites_what_differs(ws, tmp_path):
    act(ws, 299)
    folder = tmp_path / "out"
    ws.evidence.proofs.export(folder, nothing)
    (folder / "tile/entries/000").write_bytes(b"other")
    assert code_of(lambda: ws.evidence.proofs.export(folder, nothing)) == "export-differs"
    assert (folder / "tile/entries/000").read_bytes() == b"other"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    assert code_of(lambda: ws.evidence.proofs.export(tmp_path / "mine", nothing)) == "export-folder"


def test_an_export_onto_that_of_another_history_is_refused(ws, tmp_path):
    _copy(ws, tmp_path)
    with closing(reopened(ws.paths.root)) as on:
        act(on, 5)
        on.evidence.proofs.export(tmp_path / "out", nothing)
    _put_back(ws, tmp_path)
    with closing(reopened(ws.paths.root)) as back:
        act(back, 9)
        export = back.evidence.proofs.export
        assert code_of(lambda: export(tmp_path / "out", nothing)) == "log-forked"


def test_an_edited_entry_is_not_exported(ws, tmp_path):
    act(ws, 5)
    forced(ws, "UPDATE entry SET bytes = zeroblob(70000) WHERE idx = 3")
    export = ws.evidence.proofs.export
    assert code_of(lambda: export(tmp_path / "out", nothing)) == "log-inconsistent"
