# SPDX-License-Identifier: Apache-2.0
"""The register is read whole or refused with every place; a row claims no more than it names."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from audit.errors import BadInput, NotFound
from policies.obligations import (
    COVERAGES,
    How,
    Severity,
    clock_rules,
    counts,
    obligations,
    read_register,
    register,
    unknown_commands,
)
from policies.packs import packs
from policies.vocabulary import label

TEXT = (Path(__file__).parents[3] / "policies" / "library" / "obligations.yaml").read_text("utf-8")
SIZES = {"gdpr": 43, "pipl_cn": 45, "ccpa": 37}
CHINESE = re.compile(r"[\u2e80-\u9fff]")


def complaints(text):
    with pytest.raises(BadInput) as caught:
        read_register(text.encode(), "register.yaml")
    assert caught.value.code == "bad-register"
    return [problem.message for problem in caught.value.problems]


def changed(before, after, *, once=True):
    assert before in TEXT
    return TEXT.replace(before, after, 1 if once else -1)


def row_of(one):
    """The text of one row."""
    return re.search(rf"    - id: {one}\n(?:      .*\n)*", TEXT)[0]


def with_row(one, before, after):
    row = row_of(one)
    assert before in row
    return TEXT.replace(row, row.replace(before, after))


def test_no_row_has_vanished():
    found = register()
    assert {regime: len(ids) for regime, ids in found.ids.items()} == SIZES
    assert sum(SIZES.values()) == len(found.rows) == 125
    for regime, ids in found.ids.items():
        assert tuple(row.id for row in obligations(regime)) == ids


def test_a_row_that_vanishes_is_told_and_so_is_one_that_nobody_knows():
    assert complaints(TEXT.replace(row_of("GDPR-9"), "")) == [
        "GDPR-9 stands in the list register, and there is no such row"
    ]
    told = complaints(with_row("GDPR-9", "id: GDPR-9", "id: GDPR-9a"))
    assert "there is the row GDPR-9a, and it does not stand in the list register" in told


def test_an_open_row_is_in_the_list_of_open_ones_and_no_other_is():
    assert register().open == {row.id for row in register().rows if row.state == "open"}
    assert complaints(changed("open:   #", "open_:   #")) != []
    first = TEXT[TEXT.index("open:   #") :].split("ccpa: [", 1)[1].split(",", 1)[0]
    told = complaints(TEXT.replace(f"ccpa: [{first}, ", "ccpa: ["))
    assert told == [f"there is the open row {first}, and it does not stand in the list open"]
    told = complaints(TEXT.replace(f"ccpa: [{first}, ", f"ccpa: [GDPR-9, {first}, "))
    assert told == ["GDPR-9 stands in the list open, and there is no such open row"]


def test_an_id_stands_for_one_row():
    row = row_of("GDPR-10")
    assert "GDPR-10: an id stands for one row only" in complaints(TEXT.replace(row, row + row))
    assert complaints(TEXT.replace("GDPR-9, GDPR-10,", "GDPR-9, GDPR-10, GDPR-10,")) == [
        "an id stands in the list register twice"
    ]


@pytest.mark.parametrize(
    ("one", "before", "after", "complaint"),
    [
        ("GDPR-9", "GDPR-9-2-a", "GDPR-9-2-x", 'no rule "GDPR-9-2-x" did you mean'),
        ("CA-120", "[CA-120,", "[GDPR-9,", 'no rule "GDPR-9"'),
        ("GDPR-18", "[restricted,", "[restrictd,", 'no reason "restrictd" did you mean'),
        ("GDPR-5-2", "tag.applied", "tag.aplied", 'no act "tag.aplied"'),
        ("GDPR-12-3", "[gdpr.month]", "[gdpr.week]", 'no clock "gdpr.week"'),
        ("GDPR-9", "[G]", "[G, Q]", 'no source "Q"'),
        ("GDPR-9", "[G]", "[K]", "source K is knowledge"),
        ("GDPR-10", "provenance: knowledge", "provenance: verified", "source K is knowledge"),
        ("GDPR-33", "state: open", "state: partly", "says by what"),
        ("GDPR-9", "state: done", "state: partly", "says what it lacks"),
        ("GDPR-7-3", "state: partly", "state: done", "says what it lacks"),
        ("GDPR-21-1", "commands: [choice object]", "commands: []", "of kind duty names commands"),
        ("GDPR-10", "kind: decision", "kind: evidence", "of kind evidence names acts or documents"),
        ("GDPR-12-3", "clocks: [gdpr.month]", "clocks: []", "of kind clock names clocks"),
        ("GDPR-33", "state: open", "commands: [explain]\n      state: open", "nothing but clocks"),
    ],
)
def test_a_row_that_claims_too_much_is_refused(one, before, after, complaint):
    told = complaints(with_row(one, before, after))
    assert [message for message in told if message.startswith(f"{one}: ") and complaint in message]


def test_every_problem_comes_at_once_with_its_place():
    text = with_row("GDPR-9", "GDPR-9-2-a", "GDPR-9-2-x").replace("[restricted,", "[restrictd,")
    with pytest.raises(BadInput) as caught:
        read_register(text.encode(), "register.yaml")
    lines = text.split("\n")
    for problem in caught.value.problems:
        assert lines[problem.line - 1].strip() == f"- id: {problem.message.split(':')[0]}"
    assert len(caught.value.problems) == 2


def test_a_key_or_a_word_that_is_none_is_refused():
    assert any("sevrity" in one for one in complaints(changed("severity:", "sevrity:")))
    assert any("state" in one for one in complaints(with_row("GDPR-9", "done", "finished")))


def test_names_are_looked_up_in_the_packs_and_clocks_that_are_given():
    gone = {regime: pack for regime, pack in packs().items() if regime != "ccpa"}
    with pytest.raises(BadInput) as caught:
        read_register(TEXT.encode(), "register.yaml", known_packs=gone, clocks=())
    messages = [problem.message for problem in caught.value.problems]
    assert [one for one in messages if one.startswith("CA-120: there is no rule")]
    assert [one for one in messages if one.startswith("CN-ALGO-17-1: there is no clock")]


def test_a_command_that_the_program_does_not_know_is_found():
    rows = [row for row in register().rows if row.id in ("GDPR-18", "GDPR-5-2")]
    known = {"choice restrict", "subject contest", "request notice", "audit log verify"}
    assert unknown_commands(rows, known) == {"choice unrestrict": "GDPR-18"}


def test_rows_are_frozen_and_counted():
    rows = obligations("gdpr")
    with pytest.raises(FrozenInstanceError):
        rows[0].state = "done"
    assert sum(counts(rows).values()) == len(rows)
    assert list(counts(())) == list(COVERAGES)


def test_an_unknown_regime_is_not_found():
    with pytest.raises(NotFound) as caught:
        obligations("pipl")
    assert "pipl_cn" in caught.value.hint


def test_people_read_every_row_in_their_language():
    for row in register().rows:
        for words in (row.when, row.must, row.by, row.lacks):
            for language, text in words.items():
                assert bool(CHINESE.search(text)) == (language == "zh"), row.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_how_severity_and_state_have_labels(language):
    for group, codes in (
        ("obligation", How.__args__),
        ("severity", Severity.__args__),
        ("coverage", COVERAGES),
    ):
        for code in codes:
            said = label(group, code, language)
            assert bool(CHINESE.search(said)) == (language == "zh")


def test_every_clock_has_an_obligation_that_it_serves():
    assert {name for row in register().rows for name in row.clocks} <= clock_rules()
