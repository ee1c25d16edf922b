# SPDX-License-Identifier: Apache-2.0
"""Backups of the keys: everything lost comes back, nothing that was wanted dead does."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audit.clock import DAY, FixedClock
from audit.errors import Fault
from governance import authority
from governance.custody import backup as backing
from governance.custody.backup import backup
from governance.custody.restore import restore
from governance.custody.rotate import rotate
from governance.custody.status import backup_warning, status
from governance.evidence.head import head_path
from governance.init import init
from governance.vault import backup as format_of
from tests.keeping import (
    CUSTODIAN,
    WORDS,
    a_kept_folder,
    backed_up,
    entries,
    kept,
    lose_key_store,
    lose_ring,
    opens,
    put_back,
    with_people,
)
from tests.workshop import NOON, OFFICER, code_of, reopened

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shop(tmp_path):
    return a_kept_folder(tmp_path)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "safe").mkdir()
    return tmp_path / "safe" / "shop.keys"


def subjects(shop, *numbers):
    """Write people into the control store, as an intake does."""
    with closing(reopened(shop)) as ws, ws.store.write() as unit:
        for number in numbers:
            unit.connection.exec_driver_sql(
                "INSERT INTO subject (subject_id, sid, regime, age_class, admitted_at) "
                "VALUES (?, ?, 'gdpr', 'adult', 0)",
                (number, number.to_bytes(16, "big")),
            )


def state(shop, tmp_path):
    """Return what lies in the folders of key store and ring."""
    folders = [shop / "keystore", tmp_path / "rings"]
    return {str(p): p.read_bytes() for f in folders if f.exists() for p in sorted(f.iterdir())}


@pytest.mark.law("GDPR-32")
def test_key_store_and_ring_are_lost_and_everything_comes_back(shop, file, tmp_path):
    cells = with_people(shop, 50)
    subjects(shop, *cells)
    made = backed_up(shop, file)
    assert (made.people, made.epoch, made.size_bytes) == (50, 1, file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    lose_key_store(shop)
    lose_ring(tmp_path)
    done = put_back(shop, file)
    assert (done.key_store, done.ring, done.head) == (True, True, True)
    assert (done.people, done.lost) == (50, 0)
    assert opens(shop, cells) == 50
    assert entries(shop, "key.backed_up") == (1, True)
    assert entries(shop, "key.restored") == (1, True)
    assert sorted(p.name for p in (shop / "keystore").iterdir()) == ["keys.db"]


def test_only_what_is_lost_is_put_back(shop, file, tmp_path):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    cells |= with_people(shop, 2, start=10)
    lose_ring(tmp_path)
    done = put_back(shop, file)
    assert (done.key_store, done.ring, done.head) == (False, True, True)
    assert opens(shop, cells) == 5
    lose_key_store(shop)
    done = put_back(shop, file)
    assert (done.key_store, done.ring, done.head) == (True, False, False)
    assert opens(shop, {i: cell for i, cell in cells.items() if i <= 3}) == 3


def test_a_head_alone_is_put_back_too(shop, file, tmp_path):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    cells |= with_people(shop, 2, start=10)
    head_path(tmp_path / "rings" / "ring.json").unlink()
    done = put_back(shop, file)
    assert (done.key_store, done.ring, done.head) == (False, False, True)
    assert opens(shop, cells) == 5
    assert entries(shop, "key.restored") == (1, True)


def test_keys_that_are_whole_are_replaced_only_when_that_is_said(shop, file, tmp_path):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    with_people(shop, 2, start=10)
    subjects(shop, 1, 2, 3, 4, 5)
    before = state(shop, tmp_path)
    assert code_of(lambda: put_back(shop, file)) == "keys-alive"
    assert state(shop, tmp_path) == before
    done = put_back(shop, file, replace=True)
    assert (done.key_store, done.ring, done.people, done.lost) == (True, False, 3, 2)
    assert opens(shop, cells) == 3


def test_a_store_in_use_elsewhere_is_not_replaced(shop, file):
    with_people(shop, 3)
    backed_up(shop, file)
    with closing(reopened(shop)) as other:
        assert other.people.find("customer", ["C-1"]) == {"C-1": 2}
        assert code_of(lambda: put_back(shop, file, replace=True)) == "workspace-busy"
        assert other.people.admit("customer", ["new"]) == {"new": 4}
    assert put_back(shop, file, replace=True).people == 3


def test_the_numbers_of_lost_people_are_given_to_nobody(shop, file):
    subjects(shop, *with_people(shop, 3))
    backed_up(shop, file)
    subjects(shop, *with_people(shop, 4, start=10))
    lose_key_store(shop)
    assert put_back(shop, file).lost == 4
    with closing(reopened(shop)) as ws:
        assert ws.people.admit("customer", ["C-10", "C-1"]) == {"C-10": 8, "C-1": 2}


def test_what_was_written_but_not_checkpointed_does_not_come_into_the_restored_store(shop, file):
    with_people(shop, 3)
    backed_up(shop, file)
    with closing(reopened(shop)) as ws:
        ws.people.admit("customer", [f"late {n}" for n in range(500)])
        kept_wal = (shop / "keystore" / "keys.db-wal").read_bytes()
    assert len(kept_wal) > 10_000
    (shop / "keystore" / "keys.db").unlink()
    (shop / "keystore" / "keys.db-wal").write_bytes(kept_wal)
    assert put_back(shop, file).people == 3
    with closing(reopened(shop)) as ws:
        assert ws.people.find("customer", ["late 1"]) == {}


def test_a_wrong_passphrase_opens_nothing_and_changes_nothing(shop, file, tmp_path):
    with_people(shop, 3)
    backed_up(shop, file)
    lose_key_store(shop)
    before = state(shop, tmp_path)
    for words in (b"correct horse batterz", b"", WORDS + b"\n"):
        assert code_of(lambda w=words: put_back(shop, file, w)) == "wrong-passphrase"
    assert state(shop, tmp_path) == before


def opened(data, tmp_path):
    path = tmp_path / "forged"
    path.write_bytes(data)
    with path.open("rb") as stream:
        found = format_of.Backup(stream, WORDS)
        return found.about, b"".join(found.store())


def test_every_flipped_byte_and_every_cut_is_refused(shop, file, tmp_path, monkeypatch):
    monkeypatch.setattr(format_of, "PIECE", 8_192)
    monkeypatch.setattr(format_of, "derive", lambda words, salt: (words + salt).ljust(32)[-32:])
    with_people(shop, 40)
    backed_up(shop, file)
    data, piece = file.read_bytes(), 8_192 + 16
    about, store = opened(data, tmp_path)
    assert (about["people"], store[:15]) == (40, b"SQLite format 3")
    assert len(data) > 24 + 3 * piece
    rng = random.Random(5)  # noqa: S311  (a repeatable choice)
    places = {*range(24), *rng.sample(range(len(data)), 150), len(data) - 1}
    forged = [
        data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :] for at in places
    ]
    forged += [data[:at] for at in places]
    forged += [data[:at] for at in range(24 + piece, len(data), piece)]
    one, two = data[24 : 24 + piece], data[24 + piece : 24 + 2 * piece]
    three, rest = data[24 + 2 * piece : 24 + 3 * piece], data[24 + 3 * piece :]
    forged += [data[:24] + one + three + two + rest, data[:24] + one + two + two + three + rest]
    forged += [data[:24] + one + three + rest, data + b"\0", data + three]
    codes = {code_of(lambda d=d: opened(d, tmp_path)) for d in forged}
    assert codes == {"not-a-backup", "wrong-passphrase", "backup-damaged"}


def test_a_damaged_backup_puts_nothing_back(shop, file, tmp_path):
    with_people(shop, 3)
    backed_up(shop, file)
    lose_key_store(shop)
    lose_ring(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[:-100] + bytes(100))
    assert code_of(lambda: put_back(shop, file)) == "backup-damaged"
    assert state(shop, tmp_path) == {}


@pytest.mark.law("GDPR-32")
def test_the_file_shows_neither_keys_nor_people(shop, file, tmp_path):
    with_people(shop, 3, start=47_110_815)
    ring = json.loads((tmp_path / "rings" / "ring.json").read_text())
    backed_up(shop, file)
    data = file.read_bytes()
    for secret in ("SQLite format", ring["idx"], ring["kek"]["1"]["key"], "C-47110816"):
        assert secret.encode() not in data
    assert bytes.fromhex(ring["idx"]) not in data


@pytest.mark.law("GDPR-32")
@pytest.mark.parametrize("ring_too", [False, True])
def test_a_backup_from_before_a_rotation_is_refused(shop, file, tmp_path, ring_too):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    with closing(kept(shop)) as ws:
        rotate(ws)
    assert code_of(lambda: put_back(shop, file, replace=True)) == "backup-outdated"
    assert opens(shop, cells) == 3
    lose_key_store(shop)
    if ring_too:
        lose_ring(tmp_path)
    before = state(shop, tmp_path)
    assert code_of(lambda: put_back(shop, file)) == "backup-outdated"
    assert {p: b for p, b in state(shop, tmp_path).items() if "keystore" in p} == {}
    assert state(shop, tmp_path) == before


def test_the_ring_of_another_workspace_is_never_overwritten(shop, file, tmp_path):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    (tmp_path / "other").mkdir(mode=0o700)
    a_kept_folder(tmp_path / "other")
    ring = tmp_path / "rings" / "ring.json"
    other = json.loads((tmp_path / "other" / "rings" / "ring.json").read_text())
    other["tenant"], other["kek"]["1"]["key"] = "00" * 16, "11" * 32
    ring.write_text(json.dumps(other))
    for replace in (False, True):
        assert code_of(lambda r=replace: put_back(shop, file, replace=r)) == "ring-foreign"
    assert json.loads(ring.read_text()) == other
    ring.unlink()
    assert put_back(shop, file).ring
    assert opens(shop, cells) == 3


def test_a_backup_of_another_workspace_is_refused(shop, file):
    backed_up(shop, file)
    settings = shop / "tagwarden.toml"
    text = settings.read_text("utf-8")
    start = text.index('\nid = "') + 7
    settings.write_text(text[:start] + "0" * 16 + text[start + 16 :], "utf-8")
    assert code_of(lambda: put_back(shop, file, replace=True)) == "backup-foreign"


def test_a_head_is_signed_anew_only_over_a_log_that_goes_on(shop, file, tmp_path):
    with_people(shop, 3)
    backed_up(shop, file)
    copy = (shop / "evidence" / "log.db").read_bytes()
    subjects(shop, 1, 2, 3)
    with closing(reopened(shop)) as ws, ws.store.write() as unit:
        unit.log(ws.evidence.entry("consent.recorded", place="later"))
    lose_ring(tmp_path)
    lose_key_store(shop)
    assert put_back(shop, file).head
    assert entries(shop, "consent.recorded") == (1, True)
    lose_ring(tmp_path)
    with closing(sqlite3.connect(shop / "evidence" / "log.db")) as log, log:
        log.execute("DROP TRIGGER entry_no_update")
        log.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 1")
    assert code_of(lambda: put_back(shop, file)) == "log-changed"
    assert not head_path(tmp_path / "rings" / "ring.json").exists()
    (shop / "evidence" / "log.db").write_bytes(copy)


def test_a_ring_that_is_put_back_is_sealed_as_the_settings_say(tmp_path, file, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    words = tmp_path / "words"
    words.write_text("a passphrase of the ring")
    words.chmod(0o600)
    shop = tmp_path / "shop"
    made = init(shop, name="S", actor=OFFICER, level="passphrase", passphrase_from=str(words))
    with closing(reopened(shop)) as ws:
        authority.add(ws, CUSTODIAN.name, ["custodian"])
    cells = with_people(shop, 3)
    backed_up(shop, file)
    made.ring.unlink()
    assert put_back(shop, file).ring
    assert set(json.loads(made.ring.read_text())) == {"level", "salt", "sealed"}
    assert opens(shop, cells) == 3


def test_a_backup_is_written_once_and_outside_the_workspace(shop, file):
    for inside in (shop / "b.keys", shop / "data" / "b.keys"):
        assert code_of(lambda p=inside: backed_up(shop, p)) == "backup-place"
    link = file.with_name("link")
    link.symlink_to(shop)
    assert code_of(lambda: backed_up(shop, link / "b.keys")) == "backup-place"
    backed_up(shop, file)
    assert code_of(lambda: backed_up(shop, file)) == "backup-exists"
    assert code_of(lambda: backed_up(shop, file.parent / "none" / "b")) == "disk-unwritable"
    assert sorted(p.name for p in file.parent.iterdir()) == ["link", "shop.keys"]


def test_a_backup_that_fails_in_the_middle_leaves_no_file(shop, file, monkeypatch):
    def breaking(*_given):
        yield b"begun"
        raise Fault("broken", "on purpose")

    monkeypatch.setattr(backing, "sealed", breaking)
    assert code_of(lambda: backed_up(shop, file)) == "broken"
    assert list(file.parent.iterdir()) == []
    assert sorted(p.name for p in (shop / "keystore").iterdir()) == ["keys.db"]


def test_only_a_custodian_makes_and_restores_backups(shop, file):
    with closing(reopened(shop)) as ws:
        assert code_of(lambda: backup(ws, file, pytest.fail)) == "not-permitted"
        assert code_of(lambda: restore(ws, file, pytest.fail)) == "not-permitted"
    assert entries(shop, "denied") == (2, True)


def test_people_come_in_while_a_backup_is_written(shop, file, monkeypatch):
    cells = with_people(shop, 10)
    usual = backing._write

    def meanwhile(path, parts):
        assert len(with_people(shop, 5, start=100)) == 5
        usual(path, parts)

    monkeypatch.setattr(backing, "_write", meanwhile)
    assert backed_up(shop, file).people == 10
    lose_key_store(shop)
    put_back(shop, file)
    assert opens(shop, cells) == 10


def test_it_is_said_when_backups_are_missing_or_old(shop, file):
    def said(day):
        with closing(kept(shop)) as ws:
            return backup_warning(status(ws), NOON + day * DAY, 7)[0]

    assert said(0) == ""
    with_people(shop, 1)
    assert said(0) == "there is no backup of the keys of this epoch"
    backed_up(shop, file)
    assert said(7) == ""
    assert said(8) == "the newest backup of the keys is 8 days old"
    backed_up(shop, file.with_name("second"), clock=FixedClock(NOON + 6 * DAY))
    assert said(8) == "there may be backups of the keys that are up to 8 days old"
    with closing(kept(shop)) as ws:
        rotate(ws)
    assert said(8) == "there is no backup of the keys of this epoch"


@pytest.mark.law("GDPR-32")
@pytest.mark.parametrize("how", ["file", "fd"])
def test_a_passphrase_is_in_no_argument_and_no_environment(shop, file, tmp_path, how):
    """Row 12 of the threat model: others on the machine read both in /proc."""
    secret = tmp_path / "words"
    secret.write_bytes(WORDS + b"\n")
    secret.chmod(0o600)
    script = (
        "import sys\nfrom pathlib import Path\nfrom governance.vault import backup\n"
        "def spy(words, salt, usual=backup.derive):\n"
        "    seen = b''.join(Path('/proc/self', n).read_bytes() for n in ('cmdline', 'environ'))\n"
        "    print('seen' if words in seen else 'hidden', words == sys.stdin.buffer.read(), flush=True)\n"
        "    return usual(words, salt)\n"
        "backup.derive = spy\n"
        "from governance.cli.app import app\n"
        "app()\n"
    )
    read, write = os.pipe()
    os.write(write, WORDS + b"\n")
    os.close(write)
    source = str(secret) if how == "file" else f"fd:{read}"
    given = ["key", "backup", str(file), "--passphrase-from", source, "-w", str(shop)]
    done = subprocess.run(
        [sys.executable, "-c", script, *given],
        cwd=ROOT,
        env=os.environ | {"TAGWARDEN_ACTOR": "keeper"},
        input=WORDS,
        capture_output=True,
        pass_fds=[read],
        check=True,
    )
    os.close(read)
    assert done.stdout.splitlines()[0] == b"hidden True"
    assert file.exists()


# --- who was erased stays erased -------------------------------------------------------------


def erased(shop, *people):
    """Forget people as an erasure does: they are suppressed, and their keys are destroyed."""
    with closing(reopened(shop)) as ws:
        tags = ws.people.suppression(people)
        ws.people.suppress([tag for own in tags.values() for tag in own], NOON)
        ws.people.destroy(people)
        assert ws.people.settle()


@pytest.mark.parametrize("replaced", [True, False])
def test_a_backup_does_not_bring_back_who_was_erased_since(shop, file, replaced):
    cells = with_people(shop, 20)
    erased(shop, 1)
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store:
        wrapped = [row[0] for row in store.execute("SELECT wrapped FROM dek WHERE subject_id < 9")]
    backed_up(shop, file)
    erased(shop, *range(2, 9))
    if not replaced:
        lose_key_store(shop)
    done = put_back(shop, file, replace=replaced)
    assert (done.people, done.forgotten) == (12, 7)
    assert opens(shop, {i: cell for i, cell in cells.items() if i > 8}) == 12
    with closing(reopened(shop)) as ws:
        gone = [f"C-{n}" for n in range(8)]
        assert ws.people.find("customer", gone) == {}
        assert ws.people.admit("customer", gone) == {}
    everything = b"".join(p.read_bytes() for p in shop.rglob("*") if p.is_file())
    assert sum(key in everything for key in wrapped) == 0
    assert entries(shop, "key.restored") == (1, True)


def test_a_suppression_that_was_lifted_since_stays_lifted(shop, file):
    with_people(shop, 2)
    erased(shop, 1)
    backed_up(shop, file)
    with closing(reopened(shop)) as ws:
        ws.people.lift("customer", ["C-0"], NOON)
    lose_key_store(shop)
    put_back(shop, file)
    with closing(reopened(shop)) as ws:
        assert ws.people.admit("customer", ["C-0"]) == {"C-0": 3}


def old_log(shop, tmp_path):
    """Return what puts the evidence log back to where it is now."""
    copy = tmp_path / "log.db"
    copy.write_bytes((shop / "evidence" / "log.db").read_bytes())

    def put():
        for end in ("-wal", "-shm"):
            (shop / "evidence" / f"log.db{end}").unlink(missing_ok=True)
        (shop / "evidence" / "log.db").write_bytes(copy.read_bytes())

    return put


@pytest.mark.parametrize("known_by", ["control store", "key store", "backup"])
def test_a_log_that_has_lost_who_was_erased_restores_nothing_unless_that_is_accepted(
    shop, file, tmp_path, known_by
):
    with_people(shop, 4)
    backed_up(shop, file)
    put_log_back = old_log(shop, tmp_path)
    erased(shop, 2)
    if known_by == "backup":
        file.unlink()
        backed_up(shop, file)
    if known_by == "control store":
        with closing(reopened(shop)) as ws, ws.store.write() as unit:
            unit.log(ws.evidence.entry("erasure.certified"))
    if known_by != "key store":
        lose_key_store(shop)
    lose_ring(tmp_path)
    put_log_back()
    assert code_of(lambda: put_back(shop, file, replace=True)) == "evidence-outdated"
    assert not (tmp_path / "rings").exists()
    done = put_back(shop, file, replace=True, accept_resurrection=True)
    assert (done.people, done.forgotten) == (4 if known_by == "control store" else 3, 0)
    with closing(sqlite3.connect(shop / "evidence" / "log.db")) as log:
        (last,) = log.execute("SELECT bytes FROM entry ORDER BY idx DESC LIMIT 1").fetchone()
    assert b'"resurrection":true' in last


def test_a_copy_that_a_killed_backup_left_goes_at_the_next_start(shop):
    with_people(shop, 2)
    for name in (".keys.db.copy", ".keys.db.copy-wal", ".keys.db.copy.77.new"):
        (shop / "keystore" / name).write_bytes(b"wrapped keys")
    assert entries(shop, "store.repaired") == (1, True)
    assert sorted(p.name for p in (shop / "keystore").iterdir()) == ["keys.db"]
