# SPDX-License-Identifier: Apache-2.0
"""Each lint says what it finds, finds it, and leaves the rest alone: cases are data."""

import re
import textwrap
from pathlib import Path

import pytest

from policies.document import parse_documents
from policies.law import Law
from policies.packs import packs
from tagging import lints
from tagging.catalogue import OTHER_KINDS
from tests.lint_cases import STOCK, place, report

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases" / "lints"
CODE = "basis-impossible"
SECTIONS = ("**Finds.**", "**Why.**", "**Mend.**", "**Fails:**", "**Passes:**")
CODES = sorted(lints.registry())
PACKAGES = ("governance", "tagging", "policies", "audit")
KIND = re.compile(r'kind: Literal\["([A-Z][A-Za-z]*)"\]')
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def read(text: str) -> list:
    return [document.value for document in parse_documents(text, "cases")]


def cases(kind: str) -> list:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in read(path.read_text("utf-8"))[0][kind]
    ]


def example(code: str, section: str) -> tuple[dict, list[dict]]:
    """The YAML under `**Fails:**` or `**Passes:**` of a manual: the tag, and what stands beside."""
    manual = lints.named(code).manual
    block = re.search(re.escape(section) + r"\n\n((?:    .*\n?|\n)+)", manual + "\n")
    assert block, code
    tag, *beside = read(textwrap.dedent(block[1]))
    return tag, beside


def found(code: str, tag: dict, beside: list[dict] | None) -> list:
    """What one lint finds in the tag; the documents themselves must be in order."""
    every = report(tag, beside).findings
    assert [item for item in every if item.code not in CODES] == []
    return [item for item in every if item.code == code]


def test_the_stock_tag_of_the_cases_is_clean():
    assert report({}).findings == ()


def test_there_are_lints():
    assert len(CODES) >= 20


def test_every_kind_of_document_that_there_is_may_lie_in_a_folder_of_tags():
    sources = [p for package in PACKAGES for p in (ROOT / package).rglob("*.py")]
    kinds = {kind for path in sources for kind in KIND.findall(path.read_text("utf-8"))}
    assert kinds - {"Tag", "Feature"} <= OTHER_KINDS


@pytest.mark.parametrize("code", CODES)
def test_a_lint_is_a_manual_with_all_its_sections(code):
    manual = lints.named(code).manual
    places = [manual.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
    assert "\n\n" in manual
    assert len(manual.split("\n", 1)[0]) <= 110
    assert CHINESE.search(lints.named(code).title.zh)


@pytest.mark.parametrize("code", CODES)
def test_a_lint_has_cases_that_pass_and_that_fail(code):
    (given,) = read((CASES / f"{code}.yaml").read_text("utf-8"))
    assert set(given) == {"pass", "fail"}
    assert len(given["pass"]) >= 1
    assert len(given["fail"]) >= 2


def test_no_cases_are_left_over():
    assert sorted(path.stem for path in CASES.glob("*.yaml")) == CODES


@pytest.mark.parametrize("code", CODES)
def test_the_example_that_fails_fails(code):
    assert found(code, *example(code, "**Fails:**"))


@pytest.mark.parametrize("code", CODES)
def test_the_example_that_passes_passes(code):
    assert found(code, *example(code, "**Passes:**")) == []


@pytest.mark.parametrize(("code", "case"), cases("pass"))
def test_what_is_right_is_left_alone(code, case):
    assert found(code, case.get("tag", {}), case.get("beside")) == []


@pytest.mark.parametrize(("code", "case"), cases("fail"))
def test_what_is_wrong_is_found_at_its_place(code, case):
    tag, beside = case.get("tag", {}), case.get("beside")
    mine = [
        item
        for item in found(code, tag, beside)
        if item.key == case.get("key", tag.get("key", STOCK["key"]))
    ]
    assert mine
    first = mine[0]
    assert first.severity == case.get("severity", lints.named(code).lint.severity)
    assert case.get("says", "") in first.message.en
    if "at" in case:
        assert (first.line, first.column) == place(tag, case["at"])


@pytest.mark.parametrize(("code", "case"), cases("fail"))
def test_a_finding_speaks_both_languages_and_names_the_way_out(code, case):
    for item in found(code, case.get("tag", {}), case.get("beside")):
        assert CHINESE.search(item.message.zh)
        assert item.message.en
        assert item.fix.en
        assert item.fix.zh
        assert item.line > 0


@pytest.mark.law("EU-DSA-26-3")
def test_a_marketplace_is_judged_as_one():
    advertising = {
        "purposes": ["cross_context_advertising"],
        "asserts": ["user.demographic.religious_belief"],
        "basis": {"gdpr": "consent"},
    }
    impossible = [
        [item.cites for item in report(advertising, law=law).findings if item.code == CODE]
        for law in (None, Law(packs(), "online_platform"))
    ]
    assert impossible[0] == []
    assert "DSA Art. 26(3)" in impossible[1][0]
