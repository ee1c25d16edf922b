# SPDX-License-Identifier: Apache-2.0
"""What is called covered is tested: every obligation that is done or partly done has its tests."""

from typing import Any

import pytest

from governance.assessment import Assessment
from governance.cli.app import COMMANDS, NOUNS, _load
from governance.purpose import Purpose
from policies.decision import Question, decide
from policies.obligations import obligations, register, unknown_commands
from policies.packs import pack_of
from tagging.document import Feature, Tag
from tests import law

DOCUMENTS = {"Assessment": Assessment, "Tag": Tag, "Feature": Feature, "Purpose": Purpose}


def commands(command: Any, path: tuple[str, ...]) -> set[str]:
    """The full names of the commands below one."""
    inner = getattr(command, "commands", None) or {}
    below = [commands(child, (*path, name)) for name, child in inner.items()]
    return {" ".join(path)}.union(*below)


def test_what_is_done_or_partly_done_has_a_test():
    found = law.links(obligations())
    assert [r.id for r in obligations() if r.state != "open" and not found[r.id]] == []


def test_every_rule_that_covers_an_obligation_decides_a_case_that_says_so():
    missing = {
        row.id: gone
        for row in obligations()
        if row.state != "open" and (gone := set(row.rules) - law.exercised(row.regime))
    }
    assert missing == {}


def test_every_mark_counts_and_names_an_obligation():
    known = {row.id for row in obligations()}
    marks = law.marks()
    assert {mark.place: mark.problem for mark in marks if mark.problem} == {}
    assert {mark.place: gone for mark in marks if (gone := set(mark.ids) - known)} == {}


def test_every_case_names_an_obligation_that_is_there():
    known = {row.id for row in obligations()}
    for name, value in law.case_files():
        assert set(law.written(value, "law")) <= known, name


def test_no_mark_stands_for_an_obligation_that_is_called_open():
    marked = {one for mark in law.marks() for one in mark.ids}
    marked |= {one for _, value in law.case_files() for one in law.written(value, "law")}
    assert marked & register().open == set()


def test_every_command_that_covers_an_obligation_exists():
    known = set[str]().union(*(commands(_load(name), (name,)) for name in (*NOUNS, *COMMANDS)))
    assert {"choice object", "policy obligations", "explain"} <= known
    assert unknown_commands(obligations(), known) == {}


def test_every_document_that_shows_an_obligation_has_that_field():
    for row in obligations():
        for name in row.documents:
            kind, _, field = name.partition(".")
            assert field in DOCUMENTS[kind].model_fields, row.id


MARKED = """
import pytest
@pytest.mark.law("GDPR-9", "GDPR-10")
@pytest.mark.slow
def test_a(): pass
@pytest.mark.law("GDPR-9")
def helper(): pass
@pytest.mark.law()
def test_b(): pass
@pytest.mark.law(*IDS)
def test_c(): pass
@pytest.mark.skip("later")
@pytest.mark.law("GDPR-9")
def test_d(): pass
class TestE:
    @pytest.mark.law("GDPR-9")
    def test_e(self): pass
"""


def test_a_mark_counts_only_on_a_test_that_runs(tmp_path):
    (tmp_path / "test_x.py").write_text(MARKED, "utf-8")
    found = {mark.place: (mark.ids, mark.problem) for mark in law.marks(tmp_path)}
    assert found == {
        "test_x.py::test_a": (("GDPR-9", "GDPR-10"), ""),
        "test_x.py::helper": (("GDPR-9",), "is no test function of a module"),
        "test_x.py::test_b": ((), "names no obligation"),
        "test_x.py::test_c": ((), "names no obligation"),
        "test_x.py::test_d": (("GDPR-9",), "may not run"),
        "test_x.py::test_e": (("GDPR-9",), "is no test function of a module"),
    }


@pytest.mark.parametrize(
    ("wanted", "counted"),
    [
        ({"verdict": "needs_consent"}, {"GDPR-9-2-a"}),
        ({"verdict": "needs_consent", "sensitive": True}, {"GDPR-9-2-a", "GDPR-9"}),
        ({"verdict": "needs_consent", "requires": ["dpia"]}, {"GDPR-9-2-a", "GDPR-9-2"}),
        ({"consent": "explicit"}, set()),
    ],
)
def test_a_case_exercises_only_what_it_says_something_about(wanted, counted):
    pack = pack_of("gdpr")
    ask = Question(
        purposes=["analytics"], sources=["user.health_and_medical"], asserts=["x.disability"]
    )
    steps = decide(ask, pack).trace
    assert {step.rule for step in steps if law.stated(step, wanted, pack)} == counted


def test_obligations_and_clocks_are_found_anywhere_in_a_case_file():
    value = {"cases": [{"law": ["GDPR-15", "GDPR-16"], "rule": "gdpr.month"}, {"law": "CA-105"}]}
    assert list(law.written(value, "law")) == ["GDPR-15", "GDPR-16", "CA-105"]
    assert list(law.written(value, "rule")) == ["gdpr.month"]
