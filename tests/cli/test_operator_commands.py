# SPDX-License-Identifier: Apache-2.0
"""`tagwarden operator` on the command line: a key of one's own, from making it to the proof."""

import json

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.workshop import a_folder


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return a_folder(tmp_path)


def tagwarden(*arguments, code=0, **environment):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
    assert done.exit_code == code, done.output
    return done


def test_who_has_a_key_acts_with_it_and_with_nothing_else(shop, tmp_path):
    made = tagwarden("operator", "key", "-w", shop, TAGWARDEN_ACTOR="mei")
    public = made.stdout.strip()
    assert "private half: " in made.stderr
    again = tagwarden("operator", "key", "-w", shop, TAGWARDEN_ACTOR="mei")
    assert again.stdout.strip() == public
    assert "it was there" in again.stderr
    done = tagwarden("operator", "add", "mei", "--role", "admin", "--key", public, "-w", shop)
    assert done.stdout == "mei may act as admin, with a key of their own\n"
    tagwarden("operator", "add", "liu", "--role", "dsr", "-w", shop, TAGWARDEN_ACTOR="mei")
    done = tagwarden(
        *("operator", "add", "liu", "--role", "dpo", "-w", shop),
        code=3,
        TAGWARDEN_ACTOR="mei",
        XDG_DATA_HOME=str(tmp_path / "elsewhere"),
    )
    assert "[operator-key-missing]" in done.stderr
    assert "unchanged" in tagwarden("audit", "log", "verify", "-w", shop).stdout
    listed = json.loads(tagwarden("operator", "list", "-w", shop, "--json").stdout)["operators"]
    assert {one["name"]: one["key"] for one in listed} == {"liu": "", "mei": public, "officer": ""}


def test_something_that_is_no_key_is_not_registered(shop):
    done = tagwarden(
        *("operator", "add", "mei", "--role", "dpo", "--key", "ssh-ed25519", "-w", shop), code=2
    )
    assert "[bad-operator-key]" in done.stderr
