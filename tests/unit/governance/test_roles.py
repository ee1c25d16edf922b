# SPDX-License-Identifier: Apache-2.0
"""The whole matrix of roles and acts, against a table written by hand; no act goes without asking."""

import ast
from fnmatch import fnmatch
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from governance import authority
from governance.actor import ROLES, Actor
from tests.workshop import OFFICER, a_workspace, code_of

ROOT = Path(__file__).parents[3]
CASES = yaml.safe_load((ROOT / "tests/cases/roles.yaml").read_text("utf-8"))
ACTS = sorted(authority.NEEDS)


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A workspace with one operator for each role, who has this one and no other."""
    opened = a_workspace(tmp_path_factory.mktemp("roles"))
    for role in ROLES:
        authority.add(opened, f"the-{role}", [role])
    yield opened
    opened.close()


@pytest.fixture
def asked(ws):
    """Ask as an operator; returns '' or the code of the denial."""

    def ask(actor, act):
        ws.actor = actor
        try:
            return code_of(lambda: authority.demand(ws, act))
        finally:
            ws.actor = OFFICER

    return ask


def test_the_table_names_every_role_and_every_act():
    assert set(CASES["acts"]) == set(ROLES)
    assert {act for acts in CASES["acts"].values() for act in acts} == set(ACTS)


@pytest.mark.law("GDPR-32", "CN-PIPL-51", "GDPR-25")
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(asked, role):
    allowed = [act for act in ACTS if not asked(Actor(f"the-{role}"), act)]
    assert allowed == sorted(CASES["acts"][role])


def test_who_is_not_registered_may_do_nothing(asked):
    assert {asked(Actor("stranger"), act) for act in ACTS} == {"unknown-operator"}


def test_every_denial_is_logged_with_what_was_asked_for(ws, asked):
    before = ws.evidence.verify().size
    asked(Actor("the-auditor"), "subject.read")
    asked(Actor("stranger"), "run")
    assert ws.evidence.verify().size == before + 2


@pytest.mark.parametrize("pair", list(combinations(ROLES, 2)), ids="+".join)
def test_only_the_roles_that_are_kept_apart_cannot_be_held_together(ws, pair):
    apart = sorted(pair) in CASES["apart"]
    assert code_of(lambda: authority.add(ws, "both", pair)) == ("roles-apart" if apart else "")


def test_the_founder_does_the_ordinary_work_alone():
    held = (set(CASES["acts"][role]) for role in authority.FOUNDER)
    assert set(ACTS) - set.union(*held) == set(CASES["acts"]["custodian"])


def test_the_table_is_the_one_that_the_program_asks():
    """Every act is asked for somewhere, and nothing is asked for that the table does not know."""
    patterns = {
        pattern for path in (ROOT / "governance").rglob("*.py") for pattern in demanded(path)
    }
    assert {act for act in ACTS if not any(fnmatch(act, one) for one in patterns)} == set()
    assert {one for one in patterns if not any(fnmatch(act, one) for act in ACTS)} == set()


def demanded(path):
    """Yield what each call of `demand` in a file asks for; `*` stands for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "demand":
            act = node.args[1]
            parts = act.values if isinstance(act, ast.JoinedStr) else [act]
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts
            )
