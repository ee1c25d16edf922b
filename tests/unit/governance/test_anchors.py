# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that left the machine: a log that does not go on from them is false, whoever signed it."""

import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random

import pytest

from audit.clock import SECOND
from audit.evidence.entry import Entry
from audit.evidence.tree import CompactRange, Head, leaf_hash
from governance.doctor import examine
from governance.evidence.head import SignedHead, head_path, write_head
from tests.workshop import NOON, a_folder, code_of, reopened

DAY = 24 * 3600 * SECOND


class Standing:
    """A clock that is no FixedClock to the doctor."""

    def __init__(self, at=NOON):
        self.at = at

    def now(self):
        return self.at


@pytest.fixture
def shop(tmp_path):
    folder = a_folder(tmp_path)
    (tmp_path / "drop").mkdir()
    anchored(folder, f"file:{tmp_path / 'drop'}")
    return folder


def anchored(folder, anchors):
    settings = folder / "tagwarden.toml"
    text = settings.read_text("utf-8").replace('# anchors = ""', "")
    assert "[evidence]\n" in text
    settings.write_text(
        text.replace("[evidence]\n", f'[evidence]\nanchors = "{anchors}"\n'), "utf-8"
    )


@contextmanager
def opened(folder, clock=None):
    with closing(reopened(folder, clock=clock or Standing())) as ws:
        yield ws


def act(ws, count=1):
    with ws.store.write() as unit:
        for number in range(count):
            unit.log(ws.evidence.entry("consent.recorded", n=number))


def drop(folder):
    return sorted(path.name for path in (folder.parent / "drop").iterdir())


def found(ws, code="anchors"):
    return next(check for check in examine(ws) if check.code == code)


def test_a_checkpoint_is_left_once_for_each_size(shop):
    with opened(shop) as ws:
        assert [one.new for one in ws.evidence.anchor()] == [True]
        assert [one.new for one in ws.evidence.anchor()] == [False]
        act(ws, 4)
        assert [one.size for one in ws.evidence.anchor()] == [5]
    assert drop(shop) == ["1.note", "5.note"]


@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
@pytest.mark.parametrize("entries", [0, 3, 9])
def test_log_ring_and_head_put_back_together_are_noticed_and_nothing_is_done(shop, entries):
    folder = shop.parent
    with opened(shop) as ws:
        act(ws, 2)
    for name in ("shop", "rings"):
        shutil.copytree(folder / name, folder / "copy" / name)
    with opened(shop) as ws:
        act(ws, 5)
        ws.evidence.anchor()
    for name in ("shop", "rings"):
        shutil.rmtree(folder / name)
        shutil.copytree(folder / "copy" / name, folder / name)
    moved = folder / "drop-away"
    (folder / "drop").rename(moved)
    with opened(shop) as ws:
        act(ws, entries)  # while the anchor is out of reach
    moved.rename(folder / "drop")
    code = "log-rolled-back" if entries < 5 else "log-forked"
    with opened(shop) as ws:
        assert code_of(lambda: act(ws)) == code
        assert code_of(ws.evidence.proofs.checkpoint) == code
        assert code_of(ws.evidence.anchor) == code
        assert [problem.code for problem in ws.evidence.verify().problems] == [code]
        assert found(ws).result == "bad"
        with ws.store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar() == 0


def test_an_anchor_out_of_reach_stops_no_work_and_is_told(shop):
    with opened(shop) as ws:
        ws.evidence.anchor()
    (shop.parent / "drop").rename(shop.parent / "away")
    with opened(shop) as ws:
        act(ws)
        (sent,) = ws.evidence.anchor()
        assert (sent.new, "cannot be reached" in sent.failed) == (False, True)
        check = found(ws)
    assert (check.result, "out of reach: file:" in check.what) == ("warn", True)


def test_a_checkpoint_that_somebody_else_put_into_the_folder_is_an_alarm(shop):
    (shop.parent / "drop" / "99.note").write_text("nothing\n")
    with opened(shop) as ws:
        assert code_of(lambda: act(ws)) == "checkpoint-forged"
    (shop.parent / "drop" / "99.note").rename(shop.parent / "drop" / "letter.txt")
    with opened(shop) as ws:
        act(ws)


def test_the_doctor_warns_when_nothing_has_left_for_a_day(shop):
    with opened(shop) as ws:
        assert (found(ws).result, found(ws).hint) == (
            "warn",
            "tagwarden audit log anchor, at least once a day",
        )
        ws.evidence.anchor()
        assert found(ws).result == "ok"
        ws.clock.at = NOON + 2 * DAY
        assert found(ws).result == "ok"  # nothing has happened since
        act(ws)
        assert "48 h old, over 1 of 2 entries" in found(ws).what
        assert found(ws).result == "warn"
        ws.clock.at = NOON + DAY - SECOND
        assert found(ws).result == "ok"


def test_without_anchors_the_doctor_says_what_that_means(tmp_path):
    with opened(a_folder(tmp_path)) as ws:
        assert "no anchor is set" in found(ws).what
        assert code_of(ws.evidence.anchor) == "no-anchors"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mail:x@y", "bad-anchor"),
        ("file:relative", "bad-anchor"),
        ("rfc3161:ftp://x", "bad-anchor"),
        ("file:{root}/evidence", "anchor-place"),
    ],
)
def test_a_place_that_is_no_anchor_is_refused(tmp_path, text, code):
    folder = a_folder(tmp_path)
    anchored(folder, text.format(root=folder))
    with opened(folder) as ws:
        assert code_of(lambda: ws.evidence) == code


def mutated(entries, random):
    """Return another history: an entry changed, deleted, inserted, moved, or the end cut off."""
    other = list(entries)
    at = random.randrange(len(other))
    kind = random.choice(["change", "delete", "insert", "swap", "cut", "grow"])
    forged = Entry("denied", NOON // 1000, "op:0123456789abcdef", "dpo", f"r{at}").encode()
    if kind == "change":
        other[at] = forged
    elif kind == "delete":
        del other[at]
    elif kind == "insert":
        other.insert(at, forged)
    elif kind == "swap":
        other[at], other[at - 1] = other[at - 1], other[at]
    elif kind == "cut":
        del other[at:]
    else:
        other[at:] = [forged] * (len(other) - at + 3)
    return other


def test_a_thousand_histories_that_the_owner_rewrote_and_signed_are_all_noticed(shop):
    """The owner of the machine has log, ring and head; the anchor has the checkpoint (threat 4)."""
    random = Random(20261127)  # noqa: S311
    with opened(shop) as ws:
        act(ws, 40)
        ws.evidence.anchor()
        evidence, log = ws.evidence, ws.evidence._log
        with log.reading():
            entries = log.entries(0, 41)
        with closing(sqlite3.connect(ws.paths.evidence, isolation_level=None)) as file:
            for (name,) in file.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                file.execute(f"DROP TRIGGER {name}")
            file.execute("PRAGMA synchronous=OFF")
            for _ in range(1000):
                other = mutated(entries, random)
                evidence._head.unlink()
                write_head(evidence._head, ws.keys.ring, SignedHead(rewritten(file, other)))
                assert evidence.standing().size == len(other)
                assert code_of(evidence.anchors.compare) in ("log-rolled-back", "log-forked"), other
            write_head(head_path(ws.paths.ring), ws.keys.ring, SignedHead(rewritten(file, entries)))
        assert evidence.verify().good


def rewritten(file, entries):
    tree = CompactRange.empty()
    for entry in entries:
        tree.append(leaf_hash(entry))
    file.execute("BEGIN")
    file.execute("DELETE FROM entry")
    rows = ((i, i + 1, entry, leaf_hash(entry)) for i, entry in enumerate(entries))
    file.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
    file.execute(
        "UPDATE state SET size = ?, root = ?, peaks = ?", (tree.size, tree.root(), tree.encode())
    )
    file.execute("COMMIT")
    return Head(tree.size, tree.root())


@pytest.fixture
def authority(tmp_path):
    """A time-stamping authority of our own: `openssl ts` behind HTTP."""
    pytest.importorskip("rfc3161_client", reason="the extra `anchors` is not installed")
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on this machine")
    place = tmp_path / "tsa"
    place.mkdir()
    (place / "tsa.cnf").write_text(
        "[req]\ndistinguished_name = dn\n[dn]\n[v3]\nextendedKeyUsage = critical, timeStamping\n"
        "[tsa]\ndefault_tsa = one\n[one]\ndir = .\nserial = serial\nsigner_cert = tsa.pem\n"
        "certs = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4\ndigests = sha256\naccuracy = secs:1\ness_cert_id_alg = sha256\n"
    )
    openssl(place, "req -x509 -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem "
            "-subj /CN=tsa -days 2 -config tsa.cnf -extensions v3")  # fmt: skip

    class Answer(BaseHTTPRequestHandler):
        spoil = False

        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            (place / "asked").write_bytes(asked)
            if not Answer.spoil or not (place / "answer").exists():
                openssl(place, "ts -reply -config tsa.cnf -queryfile asked -out answer")
            self.send_response(200)
            self.end_headers()
            self.wfile.write((place / "answer").read_bytes())

        def log_message(self, *_arguments):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tsr", place, Answer
    server.shutdown()
    server.server_close()


def openssl(place, arguments):
    return subprocess.run(
        ["openssl", *arguments.split()], cwd=place, capture_output=True, check=True
    ).stdout


def test_a_time_stamping_authority_signs_the_checkpoint(tmp_path, authority):
    url, place, answer = authority
    folder = a_folder(tmp_path)
    anchored(folder, f"rfc3161:{url}")
    with opened(folder) as ws:
        (sent,) = ws.evidence.anchor()
        assert (sent.new, sent.failed) == (True, "")
        (token,) = (ws.paths.evidence.parent / "anchors").rglob("1.tsr")
        note = token.with_suffix(".note")
        check = f"ts -verify -data {note} -in {token} -CAfile tsa.pem"
        assert openssl(place, check) is not None
        assert [one.new for one in ws.evidence.anchor()] == [False]
        answer.spoil = True  # it answers every question with the same stamp
        act(ws)
        (sent,) = ws.evidence.anchor()
        assert "something else than a stamp" in sent.failed
        note.write_bytes(note.read_bytes().replace(b"\n1\n", b"\n2\n"))
        with pytest.raises(subprocess.CalledProcessError):
            openssl(place, check)


def test_an_authority_out_of_reach_is_told(tmp_path):
    pytest.importorskip("rfc3161_client", reason="the extra `anchors` is not installed")
    folder = a_folder(tmp_path)
    anchored(folder, "rfc3161:http://127.0.0.1:9/tsr")
    with opened(folder) as ws:
        (sent,) = ws.evidence.anchor()
        assert "cannot be reached (127.0.0.1" in sent.failed
