# SPDX-License-Identifier: Apache-2.0
"""hold, notification and retention on the command line: what they print and leave."""

import json

import pytest
from typer.testing import CliRunner

from governance import authority, notifying
from governance.cli.app import app
from tests.access import Shop, a_person
from tests.holding import does
from tests.workshop import REVIEWER, reopened

NUMBER = "C-20240817"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2026-03-01T12:00:00Z")
    opened = Shop(tmp_path / "shop")
    a_person(opened, NUMBER)
    authority.add(opened.ws, REVIEWER.name, ["dpo"])
    opened.close()
    return opened.ws.paths.root


@pytest.fixture
def number(tmp_path):
    path = tmp_path / "number.txt"
    path.write_text(NUMBER + "\n", "utf-8")
    return f"@{path}"


def tagwarden(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    return done


def answer(*arguments, **more):
    return json.loads(tagwarden(*arguments, "--json", **more).stdout)


def test_a_hold_is_placed_confirmed_listed_and_lifted(shop, number, monkeypatch):
    where = ("-w", shop)
    day = ("--until", "2026-06-30")
    what = ("--category", "transactions", "--ground", "legal-claims")
    placed = answer("hold", "place", number, *what, *day, *where)
    assert placed["state"] == "unconfirmed"
    assert answer("hold", "confirm", placed["id"], *where, code=3)["error"]["code"] == "same-person"
    monkeypatch.setenv("TAGWARDEN_ACTOR", REVIEWER.name)
    assert answer("hold", "confirm", placed["id"], *where)["state"] == "in-force"
    assert "legal claims are made" in tagwarden("hold", "list", *where).stdout
    assert "提出、行使或抗辩法律请求" in tagwarden("hold", "list", "--lang", "zh", *where).stdout
    tagwarden("hold", "lift", placed["id"], *where)
    assert answer("hold", "list", *where) == []
    assert [one["state"] for one in answer("hold", "list", "--all", *where)] == ["lifted"]


def test_a_day_that_is_none_is_refused(shop, number):
    what = ("--category", "transactions", "--ground", "legal-claims", "--until", "soon")
    tagwarden("hold", "place", number, *what, "-w", shop, code=2)


def test_recipients_are_told_and_acknowledge(shop):
    ws = reopened(shop)
    with ws.store.write() as unit:
        (who,) = ws.people.find("customer", [NUMBER]).values()
        notifying.owe(ws, unit, "restrict", {who: "R1"})
    ws.close()
    where = ("-w", shop)
    (owed,) = answer("notification", "list", *where)
    assert owed["state"] == "pending"
    tagwarden("notification", "fail", owed["id"], *where)
    tagwarden("notification", "sent", owed["id"], *where)
    assert "told, no receipt yet" in tagwarden("notification", "list", "R1", *where).stdout
    told = answer("notification", "acknowledge", owed["id"], "--receipt", "A-17", *where)
    assert (told["state"], told["code"]) == ("acknowledged", "A-17")
    assert answer("notification", "list", *where) == []
    refused = answer(
        "notification", "impossible", owed["id"], "--ground", "impossible", *where, code=5
    )
    assert refused["error"]["code"] == "cannot-follow"


def test_what_is_past_its_time_is_listed_then_deleted(shop):
    ws = reopened(shop)
    (who,) = ws.people.find("customer", [NUMBER]).values()
    does(ws, who, "view", days_ago=500)
    ws.close()
    where = ("-w", shop)
    due = {one["code"]: one["count"] for one in answer("retention", "list", *where)}
    assert due["events"] == 1
    assert "行为事件" in tagwarden("retention", "list", "--lang", "zh", *where).stdout
    tagwarden("retention", "run", *where)
    assert answer("retention", "list", *where)[0]["count"] == 0
