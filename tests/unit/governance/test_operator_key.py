# SPDX-License-Identifier: Apache-2.0
"""Operators with keys of their own: nobody acts in their name, and the log alone proves what they did."""

import sqlite3
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from audit.clock import SECOND, FixedClock
from audit.errors import BadInput, Refused
from audit.evidence.entry import Entry
from audit.evidence.reading import decode
from governance import authority, operator_key
from governance.actor import Actor
from governance.evidence.signers import Signers, signed
from governance.evidence.signing import origin_of
from governance.workspace import open_workspace
from tests.workshop import NOON, OFFICER, a_workspace, code_of, reopened

MEI = Actor("mei", "dpo")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home of the login that runs the test: what lies there is Mei's."""
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    return place


@pytest.fixture
def ws(tmp_path, home):
    assert home.is_dir()  # where the key will lie
    opened = a_workspace(tmp_path)
    public, _ = operator_key.make(opened, MEI.ref)
    authority.add(opened, MEI.name, ["dpo", "tagger", "admin"], public)
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Give a way to move to the account of somebody else."""
    return lambda: monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "somebody-else"))


def act_as(ws, actor, purpose="p1"):
    """Do something that leaves evidence and asks for no role."""
    who, ws.actor = ws.actor, actor
    try:
        with ws.store.write() as unit:
            unit.log(ws.evidence.entry("consent.recorded", purpose=purpose))
    finally:
        ws.actor = who


def as_mei(ws, work):
    who, ws.actor = ws.actor, MEI
    try:
        return work()
    finally:
        ws.actor = who


def lines(ws):
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        return [row[0] for row in log.execute("SELECT bytes FROM entry ORDER BY idx")]


def last(ws):
    return decode(lines(ws)[-1])


def slip_in(ws, line):
    """Put an entry into the outbox as who owns the database would, and let it be carried."""
    with closing(sqlite3.connect(ws.paths.control)) as store, store:
        store.execute("INSERT INTO outbox (entry) VALUES (?)", (line,))
    ws.evidence.drain()


def found(ws):
    with closing(reopened(ws.paths.root)) as fresh:
        return [problem.code for problem in fresh.evidence.verify().problems]


@pytest.mark.law("GDPR-32", "CN-PIPL-51")
def test_nobody_acts_as_an_operator_whose_key_they_do_not_hold(ws, elsewhere):
    elsewhere()
    with pytest.raises(Refused) as caught:
        as_mei(ws, lambda: authority.add(ws, "friend", ["dpo"]))
    assert caught.value.code == "operator-key-missing"
    assert (last(ws).act, last(ws).facts["why"]) == ("denied", "operator-key-missing")
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-missing"
    assert found(ws) == []


def test_a_key_of_somebody_else_does_not_do(ws, elsewhere):
    elsewhere()
    operator_key.make(ws, MEI.ref)
    work = lambda: as_mei(ws, lambda: authority.add(ws, "friend", ["dpo"]))  # noqa: E731
    assert code_of(work) == "operator-key-wrong"
    assert last(ws).facts["why"] == "operator-key-wrong"
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-wrong"


def test_who_has_no_key_acts_as_before(ws, elsewhere):
    elsewhere()
    act_as(ws, OFFICER)
    assert not last(ws).signature


@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
def test_what_an_operator_with_a_key_does_is_proven_from_the_log_alone(ws):
    as_mei(ws, lambda: authority.add(ws, "friend", ["dpo"]))
    signer = Signers(origin_of(ws.keys.ring))
    assert [signer.check(line) for line in lines(ws)] == [None] * len(lines(ws))
    assert last(ws).signature
    assert last(ws).actor == MEI.ref
    assert signer.keys[MEI.ref].startswith("ed25519:")
    assert found(ws) == []


def test_a_denial_for_lack_of_a_role_is_signed(ws):
    chosen = Actor(MEI.name, "tagger", chosen=True)
    who, ws.actor = ws.actor, chosen
    assert code_of(lambda: authority.add(ws, "friend", ["dpo"])) == "not-permitted"
    ws.actor = who
    assert last(ws).act == "denied"
    assert last(ws).signature


@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
def test_an_act_put_into_their_mouth_is_found(ws):
    entry = Entry("change.approved", NOON // 1000, MEI.ref, "dpo", "req-1")
    slip_in(ws, entry.encode())
    assert found(ws) == ["signature-missing"]
    slip_in(ws, signed(entry, origin_of(ws.keys.ring), Ed25519PrivateKey.generate()))
    assert found(ws) == ["signature-missing", "signature-wrong"]


def test_a_changed_act_does_not_keep_its_signature(ws):
    act_as(ws, MEI)
    slip_in(ws, lines(ws)[-1].replace(b'"purpose":"p1"', b'"purpose":"p2"'))
    assert found(ws) == ["signature-wrong"]


def test_an_act_that_is_told_twice_is_found(ws):
    act_as(ws, MEI)
    slip_in(ws, lines(ws)[-1])
    assert found(ws) == ["signature-again"]


def test_a_signature_of_one_workspace_proves_nothing_in_another(ws):
    public, _ = operator_key.make(ws, MEI.ref)
    key = operator_key.private_key(ws, MEI.ref, public)
    entry = Entry("change.approved", NOON // 1000, MEI.ref, "dpo", "req-1")
    slip_in(ws, signed(entry, "tagwarden-audit/another", key))
    assert found(ws) == ["signature-wrong"]


def test_an_act_of_a_clock_that_went_back_keeps_its_signature(ws):
    act_as(ws, OFFICER)
    ws.clock = FixedClock(NOON - 3600 * SECOND)
    act_as(ws, MEI)
    assert last(ws).facts["clock_ms"] == (NOON - 3600 * SECOND) // 1000
    assert last(ws).at_ms == NOON // 1000
    assert found(ws) == []


def test_another_key_counts_from_the_entry_that_registers_it(ws, home):
    act_as(ws, MEI)
    operator_key.key_path(MEI.ref).rename(home / "old.pem")
    public, made = operator_key.make(ws, MEI.ref)
    assert made
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-wrong"
    authority.add(ws, MEI.name, ["dpo"], public)
    act_as(ws, MEI)
    assert found(ws) == []
    (home / "old.pem").rename(operator_key.key_path(MEI.ref))
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-wrong"


def test_other_roles_leave_the_key_in_force(ws, elsewhere):
    authority.add(ws, MEI.name, ["dpo"])
    act_as(ws, MEI)
    assert last(ws).signature
    assert found(ws) == []
    elsewhere()
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-missing"


def test_who_was_removed_has_no_key_any_more(ws):
    as_mei(ws, lambda: authority.remove(ws, MEI.name))
    assert last(ws).signature
    authority.add(ws, MEI.name, ["dpo"])
    act_as(ws, MEI)
    assert not last(ws).signature
    assert found(ws) == []


def test_nobody_shuts_themselves_out_with_a_key_that_they_do_not_hold(ws):
    key = "ed25519:" + "0" * 64
    roles = ["admin", "dpo", "tagger"]
    assert code_of(lambda: authority.add(ws, OFFICER.name, roles, key)) == "operator-key-missing"
    public, _ = operator_key.make(ws, OFFICER.ref)
    assert code_of(lambda: authority.add(ws, OFFICER.name, roles, key)) == "operator-key-wrong"
    authority.add(ws, OFFICER.name, roles, public)
    assert not last(ws).signature  # the entry from which on they sign
    act_as(ws, OFFICER)
    assert last(ws).signature
    assert found(ws) == []


@pytest.mark.parametrize("key", ["0" * 64, "ed25519:" + "0" * 63, "ed25519:" + "G" * 64, "rsa:1"])
def test_something_that_is_no_public_key_is_not_registered(ws, key):
    with pytest.raises(BadInput) as caught:
        authority.add(ws, "friend", ["dpo"], key)
    assert caught.value.code == "bad-operator-key"


def test_a_key_is_made_once_for_its_owner_alone(ws):
    path = operator_key.key_path(MEI.ref)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = path.read_bytes()
    assert operator_key.make(ws, MEI.ref)[1] is False
    assert path.read_bytes() == before


def test_a_key_that_others_may_read_is_refused(ws):
    operator_key.key_path(MEI.ref).chmod(0o640)
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-mode"


def test_a_key_in_a_folder_that_others_may_write_to_is_refused(ws):
    operator_key.key_path(MEI.ref).parent.chmod(0o770)
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-mode"


def test_a_key_behind_a_link_is_refused(ws, home):
    path = operator_key.key_path(MEI.ref)
    path.rename(home / "real.pem")
    path.symlink_to(home / "real.pem")
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-unreadable"
    (home / "real.pem").unlink()
    assert code_of(lambda: operator_key.make(ws, MEI.ref)) == "operator-key-unreadable"


def sealed_by_others(private):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))


def of_another_kind(_private):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


OTHERS = {
    "sealed by others": sealed_by_others,
    "of another kind": of_another_kind,
    "no key": lambda _: b"not a key",
    "no envelope": lambda _: b"{}",
    "no json": lambda _: b"{",
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_something_that_is_no_plain_key_is_refused(ws, content):
    path = operator_key.key_path(MEI.ref)
    path.write_bytes(content(Ed25519PrivateKey.generate()))
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-unreadable"


def test_a_key_in_the_workspace_is_neither_made_nor_taken(ws, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(ws.paths.root / "data"))
    assert code_of(lambda: act_as(ws, MEI)) == "operator-key-place"
    make = lambda: operator_key.make(ws, MEI.ref)  # noqa: E731
    assert code_of(make) == "operator-key-place"


@pytest.mark.usefixtures("home")
def test_a_process_that_lives_on_signs_from_the_moment_of_registration(tmp_path):
    with closing(a_workspace(tmp_path)) as ws:
        authority.add(ws, MEI.name, ["dpo"])
        with closing(
            open_workspace(ws.paths.root, clock=FixedClock(NOON), actor=MEI)
        ) as long_at_work:
            act_as(long_at_work, MEI)
            public, _ = operator_key.make(ws, MEI.ref)
            authority.add(ws, MEI.name, ["dpo"], public)
            act_as(long_at_work, MEI)
        assert last(ws).signature
        assert found(ws) == []


PHRASE = "many words that nobody guesses"


def sealed_folder(tmp_path):
    """Make a workspace whose operator Mei sealed her key; return its folder."""
    with closing(a_workspace(tmp_path)) as ws:
        ws.ask = lambda: PHRASE
        public, _ = operator_key.make(ws, MEI.ref, sealed=True)
        authority.add(ws, MEI.name, ["dpo"], public)
        return ws.paths.root


def as_mei_at(folder, ask):
    return closing(open_workspace(folder, clock=FixedClock(NOON), actor=MEI, ask=ask))


@pytest.mark.usefixtures("home")
def test_a_sealed_key_is_of_no_use_without_its_passphrase(tmp_path):
    folder = sealed_folder(tmp_path)
    assert b"PRIVATE KEY" not in operator_key.key_path(MEI.ref).read_bytes()
    with as_mei_at(folder, lambda: "something else entirely") as ws:
        assert code_of(lambda: authority.demand(ws, "tag.approve")) == "wrong-passphrase"
        assert last(ws).facts["why"] == "wrong-passphrase"
    with as_mei_at(folder, None) as ws:
        assert code_of(lambda: authority.demand(ws, "tag.approve")) == "passphrase-missing"
        assert found(ws) == []


@pytest.mark.usefixtures("home")
def test_the_passphrase_of_a_sealed_key_is_asked_for_once(tmp_path):
    asked = []
    with as_mei_at(sealed_folder(tmp_path), lambda: asked.append(1) or PHRASE) as ws:
        authority.demand(ws, "tag.approve")
        act_as(ws, MEI)
        act_as(ws, MEI)
        assert last(ws).signature
        assert found(ws) == []
    assert len(asked) == 1
