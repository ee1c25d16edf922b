# SPDX-License-Identifier: Apache-2.0
"""Secrets and identities stay out of what is printed, logged and raised, whatever fails."""

import json
import logging
import random
import sqlite3
import traceback
from contextlib import closing

import pytest
from typer.testing import CliRunner

from audit.errors import Fault
from governance.cli.app import app
from governance.vault.keystore import KeyStore
from governance.vault.people import KINDS
from tests.keeping import a_kept_folder
from tests.workshop import OFFICER, reopened


def broken_things(rng, ws, needle):
    """Yield works that fail, each with a secret or an identity in its hands."""
    (one,) = ws.people.admit("customer", [needle]).values()
    ((_, _, cell),) = ws.people.seal([(one, 3, {"city": needle})])
    at = rng.randrange(len(cell))
    flipped = cell[:at] + bytes([cell[at] ^ (1 << rng.randrange(8))]) + cell[at + 1 :]
    yield lambda: list(ws.people.unseal([(one, 3, flipped)]))
    yield lambda: list(ws.people.unseal([(one, rng.randrange(4, 99), cell)]))
    yield lambda: ws.people.seal([(one, 3, {"city": needle}), (10**6, 3, {"city": needle})])
    yield lambda: ws.people.admit("customer", [needle, needle + "\0"])
    yield lambda: ws.people.admit(rng.choice(["city", "surname"]), [needle])


@pytest.mark.law("GDPR-32")
def test_two_hundred_failures_show_no_secret_and_no_identity(tmp_path, caplog):
    shop = a_kept_folder(tmp_path)
    ring = json.loads((tmp_path / "rings" / "ring.json").read_text())
    secrets = [ring["kek"]["1"]["key"], ring["idx"], ring["log"], ring["log2"]]
    rng, texts, failed = random.Random(7), [], 0  # noqa: S311  (a repeatable choice of faults)
    caplog.set_level(logging.DEBUG)
    with closing(reopened(shop)) as ws:
        for number in range(45):
            for work in broken_things(rng, ws, f"NEEDLE-{number}"):
                with pytest.raises(Fault) as caught:
                    work()
                failed += 1
                texts += traceback.format_exception(caught.value)
                texts += [repr(caught.value), repr(caught.value.facts), caught.value.hint]
        texts += [repr(ws.people), repr(ws.keys), repr(ws.keys.ring), repr(ws.root_key)]
    assert failed >= 200
    everything = "\n".join([*texts, caplog.text])
    for secret in ["NEEDLE", *secrets, *(repr(bytes.fromhex(s))[2:-1] for s in secrets)]:
        assert secret not in everything


def test_commands_that_fail_over_the_keys_show_none(tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_ACTOR", OFFICER.name)
    shop = a_kept_folder(tmp_path)
    path = tmp_path / "rings" / "ring.json"
    whole = json.loads(path.read_text())
    secrets = [whole["kek"]["1"]["key"], whole["idx"], whole["log"], whole["tenant"]]
    rng = random.Random(7)  # noqa: S311  (a repeatable choice of faults)
    for _ in range(12):
        text = json.dumps(whole)
        at = rng.randrange(len(text))
        path.write_text(text[:at] + text[at + 1 :])
        for command in (["key", "status"], ["doctor"], ["audit", "log", "verify"]):
            done = CliRunner().invoke(app, [*command, "-w", str(shop)])
            printed = done.output + (repr(done.exception) if done.exception else "")
            assert not any(secret[8:40] in printed for secret in secrets)


def test_only_identities_are_indexed_and_no_attribute_can_be(tmp_path):
    """The index would give a city or a gender away by its frequency: there is no kind for them."""
    assert KINDS == {"customer": 1}
    shop = a_kept_folder(tmp_path)
    with closing(reopened(shop)) as ws:
        (one,) = ws.people.admit("customer", ["A"]).values()
        ws.people.seal([(one, 1, {"gender": "f", "city": "x"})])
    with closing(sqlite3.connect(shop / "keystore" / "keys.db")) as store:
        assert store.execute("SELECT kind, count(*) FROM ident GROUP BY kind").fetchall() == [
            (1, 1)
        ]


def test_what_is_printed_of_the_key_store_names_nothing(tmp_path):
    shop = a_kept_folder(tmp_path)
    with closing(KeyStore.open(shop / "keystore" / "keys.db")) as store:
        record = store.canary()
        assert record.wrapped.hex() not in repr(record)
        assert repr(record.wrapped)[2:-1] not in repr(record)
