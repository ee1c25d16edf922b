# SPDX-License-Identifier: Apache-2.0
"""What the key ring is sealed with, what opens it, and what a process with keys leaves behind."""

import json
import os
import resource
import subprocess
import sys
import types
from contextlib import closing
from pathlib import Path

import pytest

from governance import authority
from governance.custody.rotate import rotate
from governance.custody.status import status
from governance.init import init
from governance.vault import people as vault_people
from governance.vault.keystore import KeyStore
from governance.vault.passphrase import read_passphrase
from governance.workspace import open_workspace
from tests.keeping import CUSTODIAN, opens, with_people
from tests.workshop import OFFICER, code_of, reopened

ROOT = Path(__file__).parents[3]
WORDS = "correct horse battery"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def secret_file(folder, words=WORDS):
    path = folder / "words"
    path.write_text(words + "\n")
    path.chmod(0o600)
    return path


def made(folder, **given):
    report = init(folder / "shop", name="Shop", actor=OFFICER, **given)
    with closing(open_workspace(report.folder, actor=OFFICER, ask=given.get("ask"))) as ws:
        authority.add(ws, CUSTODIAN.name, ["custodian"])
    return report


def sealed_ring(tmp_path):
    report = made(tmp_path, level="passphrase", passphrase_from=str(secret_file(tmp_path)))
    return report.folder, report.ring


@pytest.mark.parametrize("suite", ["aes-gcm", "aes-gcm-siv", "sm4"])
def test_a_workspace_seals_and_rotates_in_the_suite_it_was_made_with(tmp_path, suite):
    shop = made(tmp_path, suite=suite).folder
    cells = with_people(shop, 5)
    with closing(open_workspace(shop, actor=CUSTODIAN)) as ws:
        rotate(ws)
        found = status(ws)
    assert (found.suite, found.data_keys) == (suite, {2: 5})
    assert {cell[2] for cell in cells.values()} == {
        ["", "aes-gcm", "aes-gcm-siv", "sm4"].index(suite)
    }
    assert opens(shop, cells) == 5


def test_an_unknown_suite_or_level_makes_nothing(tmp_path):
    assert code_of(lambda: init(tmp_path / "shop", name="S", suite="rot13")) == "unknown-suite"
    assert code_of(lambda: init(tmp_path / "shop", name="S", level="cloud")) == "bad-settings"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.law("GDPR-32")
def test_a_ring_sealed_with_a_passphrase_shows_no_key_and_opens_with_it_only(tmp_path):
    shop, ring = sealed_ring(tmp_path)
    assert set(json.loads(ring.read_text())) == {"level", "salt", "sealed"}
    cells = with_people(shop, 3)
    assert opens(shop, cells) == 3
    secret_file(tmp_path, "another passphrase")
    assert code_of(lambda: opens(shop, cells)) == "wrong-passphrase"


def test_a_rotation_keeps_the_passphrase_and_asks_once(tmp_path):
    asked = []

    def ask():
        asked.append(1)
        return WORDS

    shop = made(tmp_path, level="passphrase", ask=ask).folder
    asked.clear()
    with closing(open_workspace(shop, actor=CUSTODIAN, ask=ask)) as ws:
        rotate(ws)
        assert ws.people.admit("customer", ["A"]) == {"A": 1}
    assert len(asked) == 1
    with closing(open_workspace(shop, actor=CUSTODIAN, ask=ask)) as ws:
        assert status(ws).epoch == 2


def test_without_a_terminal_nobody_is_asked(tmp_path):
    assert code_of(lambda: init(tmp_path / "shop", name="S", level="passphrase")) == (
        "passphrase-missing"
    )
    assert list(tmp_path.iterdir()) == []


def test_every_flipped_byte_of_a_sealed_ring_is_refused(tmp_path):
    shop, ring = sealed_ring(tmp_path)
    value = json.loads(ring.read_text())
    sealed = bytes.fromhex(value["sealed"])
    with closing(reopened(shop)) as ws:
        _ = ws.keys.ring
        for at in range(0, len(sealed), 7):
            forged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            envelope = value | {"sealed": forged.hex()}
            key = ws.root_key._key(bytes.fromhex(value["salt"]))
            ws.root_key._keys = {bytes.fromhex(value["salt"]): key}
            assert code_of(lambda e=envelope: ws.root_key.open(e)) == "wrong-passphrase"
            ws.root_key._keys = {bytes.fromhex(value["salt"]): key}


def test_a_ring_kept_at_another_level_than_the_settings_say_is_refused(tmp_path):
    shop, _ = sealed_ring(tmp_path)
    settings = shop / "tagwarden.toml"
    settings.write_text(settings.read_text().replace('level = "passphrase"', 'level = "file"'))
    assert code_of(lambda: with_people(shop, 1)) == "ring-level"


def test_a_passphrase_comes_from_a_descriptor_or_a_file_for_the_owner(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, WORDS.encode() + b"\nmore\n")
    os.close(writing)
    os.set_inheritable(reading, True)  # as one that the caller of the program opened
    assert read_passphrase(f"fd:{reading}", None) == WORDS.encode()
    os.close(reading)
    path = secret_file(tmp_path)
    assert read_passphrase(str(path), None) == WORDS.encode()
    path.chmod(0o640)
    assert code_of(lambda: read_passphrase(str(path), None)) == "passphrase-mode"
    assert code_of(lambda: read_passphrase("fd:x", None)) == "passphrase-unreadable"
    assert code_of(lambda: read_passphrase("", lambda: "short")) == "passphrase-short"


def test_a_file_that_the_program_opened_itself_is_not_taken_for_the_passphrase(tmp_path):
    with secret_file(tmp_path).open("rb") as own:
        assert code_of(lambda: read_passphrase(f"fd:{own.fileno()}", None)) == (
            "passphrase-unreadable"
        )
        assert own.read() == WORDS.encode() + b"\n"


def a_keyring(monkeypatch, module):
    kept = {}
    names = {
        "get_password": lambda _self, service, account: kept.get((service, account)),
        "set_password": lambda _self, service, account, word: kept.update(
            {(service, account): word}
        ),
    }
    backend = type("Keyring", (), names)
    backend.__module__ = module
    fake = types.SimpleNamespace(get_keyring=backend)
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return kept


def test_a_ring_sealed_with_the_keyring_of_the_system_opens_with_it_only(tmp_path, monkeypatch):
    kept = a_keyring(monkeypatch, "keyring.backends.SecretService")
    shop = made(tmp_path, level="keyring").folder
    cells = with_people(shop, 2)
    assert opens(shop, cells) == 2
    (account,) = kept
    kept[account] = "00" * 32
    assert code_of(lambda: opens(shop, cells)) == "keyring-foreign"
    kept.clear()
    assert code_of(lambda: opens(shop, cells)) == "keyring-empty"


@pytest.mark.parametrize(
    "module", ["keyring.backends.fail", "keyring.backends.null", "keyrings.alt.file"]
)
def test_a_keyring_that_keeps_plain_text_is_refused(tmp_path, monkeypatch, module):
    a_keyring(monkeypatch, module)
    assert code_of(lambda: init(tmp_path / "shop", name="S", level="keyring")) == "keyring-unsafe"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suite", "code"), [("aes-gcm", "key-exhausted"), ("aes-gcm-siv", "")])
def test_a_key_whose_nonces_must_not_repeat_wraps_so_many_and_no_more(
    tmp_path, monkeypatch, suite, code
):
    shop = made(tmp_path, suite=suite).folder
    monkeypatch.setattr(vault_people, "MAX_WRAPS", 4)
    with_people(shop, 4)
    assert code_of(lambda: with_people(shop, 1, start=10)) == code
    with closing(KeyStore.open(shop / "keystore" / "keys.db")) as store:
        assert store.last_number() == (4 if code else 5)


def test_no_two_seals_share_a_nonce_across_a_fork(tmp_path):
    """Nonces come from the system for each seal: a copy of the process does not repeat them."""
    shop = made(tmp_path).folder
    with closing(reopened(shop)) as ws:
        ws.people.admit("customer", ["A"])

        def nonces():
            return [cell[7:19] for _, _, cell in ws.people.seal((1, 3, {}) for _ in range(5_000))]

        before = nonces()
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, b"".join(nonces()))
            os._exit(0)
        os.close(writing)
        found = b""
        while part := os.read(reading, 65536):
            found += part
        os.close(reading)
        os.waitpid(child, 0)
        theirs = [found[at : at + 12] for at in range(0, len(found), 12)]
        assert len(theirs) == 5_000
        assert len({*before, *theirs, *nonces()}) == 15_000


def test_a_crash_leaves_no_core_file(tmp_path):
    shop = made(tmp_path).folder
    script = (
        "import os, sys, ctypes\nfrom pathlib import Path\nfrom tests.workshop import reopened\n"
        "ws = reopened(Path(sys.argv[1]))\nws.people.admit('customer', ['A'])\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)\nos.abort()\n"
    )
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, limit)),
        check=False,
    )
    assert done.returncode == -6
    assert done.stdout == (b"0\n" if sys.platform == "linux" else b"-1\n")
    assert list(tmp_path.rglob("core*")) == []
