# SPDX-License-Identifier: Apache-2.0
"""`tagwarden key` on the command line."""

import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.keeping import CUSTODIAN, a_kept_folder, with_people


@pytest.fixture
def shop(tmp_path):
    found = a_kept_folder(tmp_path)
    with_people(found, 3)
    return found


def tagwarden(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def test_status_says_how_the_keys_stand_and_shows_none(shop, tmp_path):
    ring = json.loads((tmp_path / "rings" / "ring.json").read_text())
    done = tagwarden("key", "status", "-w", shop)
    assert "file (K0), suite aes-gcm-siv" in done.stdout
    assert "1\t3\t\n" in done.stdout
    assert "does not protect: whoever can read the key ring file" in done.stdout
    answer = json.loads(tagwarden("key", "status", "-w", shop, "--json").stdout)
    assert (answer["epoch"], answer["data_keys"]) == (1, {"1": 3})
    assert answer["age_days"] > 0
    for secret in (ring["kek"]["1"]["key"], ring["idx"], ring["log"], ring["tenant"]):
        assert secret not in done.output + json.dumps(answer)


def test_rotate_is_for_a_custodian(shop, monkeypatch):
    assert "[not-permitted]" in tagwarden("key", "rotate", "-w", shop, code=3).stderr
    monkeypatch.setenv("TAGWARDEN_ACTOR", CUSTODIAN.name)
    done = tagwarden("key", "rotate", "-w", shop)
    assert "epoch 2: 3 data keys wrapped anew" in done.stdout
    assert "destroyed the key of epoch 1" in done.stdout
    assert "outdated" in done.stderr
    assert "nothing to do" in tagwarden("key", "rotate", "--finish", "-w", shop).stdout
    assert "1\t0\tdestroyed 2" in tagwarden("key", "status", "-w", shop).stdout


def test_a_backup_is_made_and_restored(shop, tmp_path, monkeypatch):
    words, file = tmp_path / "words", tmp_path / "shop.keys"
    words.write_text("correct horse battery\n")
    words.chmod(0o600)
    with_words = [file, "--passphrase-from", words, "-w", shop]
    assert "[not-permitted]" in tagwarden("key", "backup", *with_words, code=3).stderr
    monkeypatch.setenv("TAGWARDEN_ACTOR", CUSTODIAN.name)
    assert "no backup of the keys" in tagwarden("key", "status", "-w", shop).stdout
    assert "warn\tkey-backup" in tagwarden("doctor", "-w", shop).stdout
    no_terminal = tagwarden("key", "backup", file, "-w", shop, code=3)
    assert "[passphrase-missing]" in no_terminal.stderr
    done = tagwarden("key", "backup", *with_words)
    assert f"3 people, epoch 1, {file.stat().st_size:,} bytes" in done.stdout
    assert "destroy it when it is 7 days old" in done.stderr
    answer = json.loads(tagwarden("key", "status", "-w", shop, "--json").stdout)
    assert (len(answer["backups"]), answer["backup_warning"]) == (1, "")
    assert "[keys-alive]" in tagwarden("key", "restore", *with_words, code=5).stderr
    for part in (shop / "keystore").iterdir():
        part.unlink()
    done = tagwarden("key", "restore", *with_words)
    assert done.stdout == "put back: key store\n3 people have a key\n"
    assert "make a new backup" in done.stderr
