# SPDX-License-Identifier: Apache-2.0
"""Whoever was erased does not come back by any import, until they ask for it themselves."""

import json
from contextlib import closing

import pytest
from sqlalchemy import text

from audit.errors import Fault
from governance import authority, subject
from governance.intake import consents, events, profiles, quarantine
from governance.purpose import apply
from governance.running.intake_one import from_json
from tagging.intake.stage import Bad
from tests.intake import a_file, a_map, an_order_file, lake_rows
from tests.keeping import entries, kill, killed_in_a_child
from tests.unit.governance.test_intake_consents import HEADER as CONSENTS
from tests.unit.governance.test_intake_consents import MAP, PURPOSE
from tests.unit.governance.test_intake_profiles import CITY
from tests.workshop import NOON, a_folder, a_workspace, code_of, reopened

GONE = "GONE-4711"


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def erased(ws, number=GONE):
    """Admit somebody and forget them, as an erasure does."""
    people = list(ws.people.admit("customer", [number]).values())
    tags = ws.people.suppression(people)
    ws.people.suppress([tag for own in tags.values() for tag in own], NOON)
    ws.people.destroy(people)
    return people[0]


def everything(ws):
    """Return the bytes of every file of the workspace."""
    return b"\n".join(p.read_bytes() for p in ws.paths.root.rglob("*") if p.is_file())


def counted(ws, sql):
    with ws.store.read() as connection:
        return connection.execute(text(sql)).scalar()


def test_events_of_an_erased_person_are_dropped_and_counted_apart(ws, tmp_path):
    erased(ws)
    rows = [f"{GONE},2026-01-05 10:00:00,o1,milk,2,1.50"] * 2
    rows += [
        f" {GONE} ,2026-01-05 11:00:00,o2,milk,2,1.50",
        "B,2026-01-06 11:00:00,o3,milk,1,1.50",
        ",2026-01-06 12:00:00,o4,milk,4,1.50",
    ]
    (report,) = events.ingest(ws, [an_order_file(tmp_path, *rows)], a_map())
    assert (report.rows, report.added, report.people) == (5, 1, 1)
    assert (report.suppressed, report.no_subject, report.repeated) == (3, 1, 0)
    assert report.bad == {}
    assert "  erased people     3 rows about them are not kept" in list(report.lines())
    assert report.as_json()["suppressed"] == 3
    assert len(lake_rows(ws)) == 1
    assert GONE.encode() not in everything(ws)
    assert counted(ws, "SELECT count(*) FROM subject") == 1


def test_attributes_of_an_erased_person_are_dropped_and_counted_apart(ws, tmp_path):
    erased(ws)
    path = a_file(tmp_path, f"customer,city\n{GONE},Bonn\nB,Köln\n")
    (report,) = profiles.ingest(ws, [path], a_map("ProfileMap", attributes=CITY))
    assert (report.added, report.people, report.suppressed) == (1, 1, 1)
    assert counted(ws, "SELECT count(*) FROM sealedblob") == 1


def test_consents_of_an_erased_person_are_dropped_and_counted_apart(ws, tmp_path):
    apply(ws, [a_file(tmp_path, PURPOSE, "purpose.yaml")])
    erased(ws)
    said = "recommendation,yes,2026-02-01 10:00:00\n"
    path = a_file(tmp_path, f"{CONSENTS}{GONE},{said}B,{said}", "consent.csv")
    (report,) = consents.ingest(ws, [path], a_map("ConsentMap", **MAP))
    assert (report.added, report.repeated, report.suppressed) == (1, 0, 1)
    assert counted(ws, "SELECT count(*) FROM consentevent") == 1


def test_one_event_of_an_erased_person_is_refused_without_naming_them(ws):
    erased(ws)
    event = {"customer": GONE, "time": "2026-01-05T10:00:00Z", "event_type": "purchase"}
    with pytest.raises(Fault) as caught:
        from_json(ws, json.dumps(event))
    assert caught.value.code == "subject-suppressed"
    assert GONE not in f"{caught.value.message}{caught.value.hint}"


def test_one_event_of_somebody_whose_erasure_is_on_its_way_is_refused(ws):
    people = list(ws.people.admit("customer", [GONE]).values())
    ws.people.suppress(ws.people.suppression(people)[people[0]], NOON)
    event = {"customer": GONE, "time": "2026-01-05T10:00:00Z", "event_type": "purchase"}
    assert code_of(lambda: from_json(ws, json.dumps(event))) == "subject-suppressed"


def test_no_row_of_an_erased_person_lies_in_quarantine(ws, tmp_path):
    erased(ws)
    good = [f"B,2026-01-06 {hour:02}:00:00,o3,milk,1,1.50" for hour in range(24)] * 10
    bad = [f"{GONE},never,o1,milk,2,1.50", "B,never,o1,milk,2,1.50", f"B;{GONE};torn"]
    (report,) = events.ingest(ws, [an_order_file(tmp_path, *good, *bad)], a_map())
    assert report.bad_rows == 3
    kept = (ws.paths.root / report.quarantine).read_text("utf-8")
    assert kept.count("\n") == 2
    assert GONE.encode() not in everything(ws)


def test_a_quarantine_of_erased_people_only_is_none(ws, tmp_path):
    erased(ws)
    path = an_order_file(tmp_path, f"{GONE},never,o1,milk,2,1.50")
    with pytest.raises(Fault) as caught:
        events.ingest(ws, [path], a_map())
    assert caught.value.code == "too-many-bad-rows"
    assert caught.value.hint.startswith("mend the mapping")
    assert not ws.paths.quarantine.exists() or not list(ws.paths.quarantine.iterdir())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"a": "GONE", "b": "x"}', True),
        ('"x;GONE;y"', True),
        ('"x,\\" GONE \\",y"', True),
        ('{"a": " GONE\\t"}', True),
        ('{"a": "GONER", "b": null}', False),
        ("not json, GONE", True),
        ('{"a": 7}', False),
        (json.dumps('{"customer": "GONE", "time": "2026-01'), True),  # a line of JSON, torn
        (json.dumps("{'customer': 'GONE"), True),
        (json.dumps('{"customer": "GONER"'), False),
        (json.dumps({"a": ["x", {"b": "GONE"}]}), True),
        (json.dumps({"a": "[GONE]"}), True),
    ],
)
def test_an_identity_in_any_cell_or_piece_of_a_row_is_seen(content, found):
    rows = [Bad(1, 1, "bad-time", "", content), Bad(2, 2, "bad-time", "", '"other"')]
    kept = list(quarantine.without(rows, lambda values: values & {"GONE"}))
    assert kept == rows[1:] if found else kept == rows


# --- who comes back themselves ---------------------------------------------------------------


def test_who_asks_for_it_is_admitted_as_somebody_new(ws, tmp_path):
    was = erased(ws)
    assert subject.readmit(ws, GONE)
    assert not subject.readmit(ws, GONE)
    assert not subject.readmit(ws, "")
    row = f"{GONE},2026-01-05 10:00:00,o1,milk,2,1.50"
    (report,) = events.ingest(ws, [an_order_file(tmp_path, row)], a_map())
    assert (report.added, report.suppressed) == (1, 0)
    assert ws.people.find("customer", [GONE])[GONE] != was


def test_readmitting_is_the_officers_act_and_is_logged(tmp_path):
    folder = a_folder(tmp_path)
    with closing(reopened(folder)) as ws:
        erased(ws)
        assert subject.readmit(ws, GONE)
        ws.actor = type(ws.actor)("tagger", "tagger")
        authority_of = code_of(lambda: subject.readmit(ws, GONE))
        assert authority_of == "unknown-operator"
    assert entries(folder, "subject.readmitted") == (1, True)
    assert authority.NEEDS["subject.readmit"] == ("dpo",)


def test_a_kill_between_the_entry_and_the_act_is_mended_by_doing_it_again(tmp_path):
    folder = a_folder(tmp_path)
    with closing(reopened(folder)) as ws:
        erased(ws)

    def work():
        from governance.vault.people import People

        People.lift = kill
        with closing(reopened(folder)) as ws:
            subject.readmit(ws, GONE)

    killed_in_a_child(work)
    with closing(reopened(folder)) as ws:
        assert ws.people.suppressed("customer", [GONE]) == {GONE}
        assert subject.readmit(ws, GONE)
        assert ws.people.admit("customer", [GONE])
