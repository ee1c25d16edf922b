# SPDX-License-Identifier: Apache-2.0
"""init, doctor, config, db and audit on the command line: what they print and how they end."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.workshop import a_folder


@pytest.fixture
def shop(tmp_path):
    return a_folder(tmp_path)


def tagwarden(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def test_init_says_what_was_made_and_what_is_not_protected(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    done = tagwarden("init", tmp_path / "shop", "--regime", "ccpa")
    assert "protection K0" in done.stdout
    assert "does not protect: whoever can read the key ring" in done.stdout
    assert "nothing to do" in tagwarden("init", tmp_path / "shop").stdout
    again = json.loads(tagwarden("init", tmp_path / "shop", "--json").stdout)
    assert (again["created"], again["protection"]["level"]) == (False, "K0")


def test_init_refuses_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "letter.txt").write_text("x")
    done = tagwarden("init", tmp_path, code=5)
    assert "[folder-not-empty]" in done.stderr


def test_doctor_prints_each_check_and_ends_well(shop):
    done = tagwarden("doctor", "--workspace", shop)
    assert "0 bad" in done.stdout
    assert "\tkey-ring\t" in done.stdout


def test_doctor_ends_with_one_when_something_is_bad(shop):
    (shop / "data" / "control.db").unlink()
    done = tagwarden("doctor", "--workspace", shop, code=1)
    assert "bad\tschema" in done.stdout
    answer = json.loads(tagwarden("doctor", "--workspace", shop, "--json", code=1).stdout)
    assert answer["bad"] == 1


def test_config_shows_value_origin_and_meaning(shop, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_STORE_URL", "postgresql://me:secret@host/shop")
    done = tagwarden("config", "show", "--workspace", shop)
    assert "workspace.name\tShop\tfile\twhat people call this shop" in done.stdout
    assert "store.url\tpostgresql://me:***@host/shop\tenvironment" in done.stdout
    assert "secret@" not in tagwarden("config", "show", "--workspace", shop, "--json").stdout


def test_db_says_where_the_schema_stands(shop):
    assert "schema 0001" in tagwarden("db", "check", "--workspace", shop).stdout
    assert "nothing to do" in tagwarden("db", "upgrade", "--workspace", shop).stdout
    (shop / "data" / "control.db").unlink()
    assert "[store-missing]" in tagwarden("db", "check", "--workspace", shop, code=5).stderr


def test_audit_log_verify_ends_well_for_a_log_that_is_whole(shop):
    assert "1 entries, unchanged" in tagwarden("audit", "log", "verify", "--workspace", shop).stdout


@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
def test_audit_log_verify_ends_with_six_for_a_log_that_was_put_back(shop, tmp_path):
    shutil.copy(shop / "evidence" / "log.db", tmp_path / "old.db")
    from tests.workshop import reopened

    ws = reopened(shop)
    with ws.store.write() as unit:
        unit.log(ws.evidence.entry("denied"))
    ws.close()
    shutil.copy(tmp_path / "old.db", shop / "evidence" / "log.db")
    done = tagwarden("audit", "log", "verify", "--workspace", shop, code=6)
    assert "[evidence-tampered]" in done.stderr
    assert "[log-rolled-back]" in done.stderr
    answer = json.loads(tagwarden("audit", "log", "verify", "-w", shop, "--json", code=6).stdout)
    assert answer["error"]["problems"][0]["code"] == "log-rolled-back"


@pytest.mark.parametrize("command", [["init"], ["doctor"], ["config", "show"], ["db", "check"]])
def test_help_has_an_example(command):
    assert "Example: tagwarden" in tagwarden(*command, "--help").stdout
