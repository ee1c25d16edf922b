# SPDX-License-Identifier: Apache-2.0
"""The register of requests, their figures, their proof, and how long they are kept."""

import json
import subprocess
import sys
import zipfile
from datetime import date

import pytest

from governance import retention
from governance.requests import desk, erasing, executing, printing, row, timing
from governance.requests.metrics import GROUPS, metrics
from governance.requests.notices import give
from governance.requests.proof import pack
from governance.requests.register import register
from policies.rights import rights
from tests.desk import Step, a_desk, a_person, as_reviewer, decided, ended, later, opened, verified
from tests.holding import held
from tests.workshop import code_of

NUMBER = "C-canary-77"


@pytest.fixture
def ws(tmp_path):
    made = a_desk(tmp_path)
    yield made
    made.close()


def line_of(ws, ref):
    (found,) = (line for line in register(ws) if line.ref == ref)
    return found


def answered(ws, who, days, kind="access", *, step=Step.FULFIL, code=""):
    ref = opened(ws, kind, who)
    verified(ws, ref)
    if rights().kinds[kind].review:
        decided(ws, ref, step, code)
    else:
        ended(ws, ref, step, code)
    later(ws, days)
    give(ws, ref)
    return ref


@pytest.mark.law("GDPR-12-3", "CA-7101")
def test_a_request_answered_in_time_was_kept_and_one_told_late_was_not(ws):
    early = answered(ws, a_person(ws), 3)
    late = answered(ws, a_person(ws, "8"), 60)
    assert (line_of(ws, early).kept, line_of(ws, early).days) == ("yes", 3)
    assert (line_of(ws, late).kept, line_of(ws, late).missed) == ("no", ("answer",))


def test_what_was_done_and_never_told_is_open_and_then_missed(ws):
    ref = opened(ws, "access", a_person(ws))
    verified(ws, ref)
    ended(ws, ref, Step.FULFIL)
    assert line_of(ws, ref).kept == "open"
    later(ws, 60)
    assert line_of(ws, ref).missed == ("answer",)


@pytest.mark.law("CA-7021-a", "CA-7021-b")
def test_the_register_says_which_deadline_was_missed(ws):
    ref = opened(ws, "access", a_person(ws, regime="ccpa"))
    verified(ws, ref)
    timing.extend(ws, ref, "number")
    later(ws, 20)
    assert line_of(ws, ref).missed == ("acknowledgement",)
    give(ws, ref, "acknowledgement")
    assert line_of(ws, ref).missed == ("acknowledgement",)
    later(ws, 30)
    assert line_of(ws, ref).missed == ("acknowledgement", "extension", "answer")
    other = opened(ws, "access", a_person(ws, "8", regime="ccpa"))
    verified(ws, other)
    give(ws, other, "acknowledgement")
    timing.extend(ws, other, "number")
    give(ws, other, "extension")
    later(ws, 80)
    ended(ws, other, Step.FULFIL)
    give(ws, other)
    assert (line_of(ws, other).kept, line_of(ws, other).days) == ("yes", 80)


def test_a_choice_is_kept_when_it_was_done_in_time(ws):
    who = a_person(ws, regime="pipl_cn")
    now, late = (opened(ws, kind, who) for kind in ("personalisation-off", "decisions-opt-out"))
    ended(ws, now, Step.FULFIL)
    later(ws, 1)
    ended(ws, late, Step.FULFIL)
    assert line_of(ws, now).kept == "yes"
    assert line_of(ws, late).missed == ("answer",)


def test_ends_without_an_answer_of_their_own_miss_nothing(ws):
    who = a_person(ws)
    first, again = opened(ws, "access", who), opened(ws, "access", who)
    verified(ws, first)
    verified(ws, again)
    executing.revoke(ws, first)
    later(ws, 60)
    assert {line.kept for line in register(ws)} == {"yes"}
    assert {line.answered for line in register(ws)} == {None}


def test_the_register_is_of_the_days_of_receipt(ws):
    for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28)):
        opened(ws, "access", a_person(ws), received_on=day)
    found = register(ws, date(2026, 2, 1), date(2026, 2, 28))
    assert [line.received.day for line in found] == [1, 28]


@pytest.mark.law("CA-7101")
def test_the_register_names_nobody_in_any_form(ws):
    who = a_person(ws, NUMBER)
    opened(ws, "access", who, said={"statement": "canary words"})
    lines = register(ws)
    for language in ("en", "zh"):
        page = printing.register_html(lines, language, date(2026, 3, 1))
        table = printing.register_csv(lines, language)
        for text in (page, table, json.dumps(list(printing.register_plain(lines)))):
            assert lines[0].ref in text
            for needle in (NUMBER, "canary words", ws.people.sid([who])[who].hex()):
                assert needle not in text
        assert "http" not in page.replace("http-equiv", "")


def test_no_cell_of_the_register_is_computed_by_a_spreadsheet(ws):
    opened(ws, "access", a_person(ws), channel="=1+1")
    assert ",'=1+1," in printing.register_csv(register(ws), "en")


@pytest.mark.law("CA-7102")
def test_the_figures_of_a_year_count_what_7102_asks_for(ws):
    people = [a_person(ws, str(n), "ccpa") for n in range(8)]
    for number, who in enumerate(people[:3]):
        answered(ws, who, (2, 4, 9)[number])
    answered(ws, people[3], 10, "deletion", step=Step.FULFIL_IN_PART, code="transaction")
    refused = opened(ws, "deletion", people[4], requester="agent")
    desk.deny(ws, refused, "excessive")
    later(ws, 1)
    give(ws, refused)
    ended(ws, opened(ws, "opt-out", people[5]), Step.FULFIL)
    opened(ws, "access", people[7], received_on=date(2025, 12, 31))
    found = metrics(ws, 2026)
    kinds = {one.name: one for one in found.kinds}
    know = kinds["access"]
    assert (know.received, know.whole, know.median_days, know.mean_days) == (3, 3, 4.0, 5.0)
    gone = kinds["deletion"]
    assert (gone.received, gone.part, gone.denied, gone.agents) == (2, 1, 1, 1)
    assert gone.denied_by == {"excessive": 1}
    assert gone.median_days == 5.5  # 10 days to the answer in part, 1 to the refusal
    groups = {one.name: one for one in found.groups}
    assert groups.keys() == {"know", "delete", "opt-out"}
    assert (groups["opt-out"].whole, groups["opt-out"].median_days) == (1, 0.0)
    assert metrics(ws, 2025).kinds[0].received == 1


def test_the_figures_add_up(ws):
    who = a_person(ws)
    first, again = opened(ws, "access", who), opened(ws, "access", who)
    verified(ws, first)
    verified(ws, again)
    executing.revoke(ws, first)
    opened(ws, "access", who)
    (one,) = metrics(ws, 2026).kinds
    ends = (one.whole, one.part, one.denied, one.expired, one.revoked, one.repeated, one.open)
    assert sum(ends) == one.received == 3
    assert metrics(ws, 2026).groups == ()


def test_every_group_of_figures_belongs_to_an_act():
    acts = {kind.act for kind in rights().kinds.values()}
    assert set(GROUPS) <= acts


def packed(ws, ref, folder):
    out = folder / "proof.zip"
    pack(ws, ref, out)
    with zipfile.ZipFile(out) as archive:
        archive.extractall(folder / "proof")
    return folder / "proof"


@pytest.mark.law("CA-7101")
def test_the_proof_of_a_request_is_checked_without_the_workspace_and_names_nobody(ws, tmp_path):
    who = a_person(ws, NUMBER)
    ref = opened(ws, "access", who, said={"statement": "canary words"})
    give(ws, ref, "acknowledgement", "zh")
    verified(ws, ref)
    ended(ws, ref, Step.FULFIL)
    give(ws, ref)
    folder = packed(ws, ref, tmp_path)
    entries = sorted((folder / "entries").iterdir())
    steps = json.loads((folder / "request.json").read_text("utf-8"))["steps"]
    assert [one["step"] for one in steps] == [
        "open",
        "notice",
        "verify",
        "admit",
        "start",
        "fulfil",
        "notice",
    ]
    assert len(entries) == len(steps)
    for entry in entries:
        done = subprocess.run(
            [sys.executable, "verifier.py", "proof", str(entry), "--keys", "keys.txt"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ref in done.stdout
    assert len(list((folder / "letters").iterdir())) == 2
    needles = [NUMBER.encode(), b"canary words", ws.people.sid([who])[who].hex().encode()]
    for path in folder.rglob("*"):
        if path.is_file():
            assert not any(needle in path.read_bytes() for needle in needles), path


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM requestevent WHERE step = 'verify'",
        "UPDATE requestevent SET code = 'session' WHERE step = 'verify'",
        "UPDATE requestevent SET step = 'release' WHERE step = 'admit'",
        "UPDATE requestevent SET ref = 'rq-0' WHERE step = 'open'",
    ],
)
def test_a_history_that_was_changed_is_not_packed(ws, tmp_path, change):
    ref = opened(ws, "access", a_person(ws))
    verified(ws, ref)
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(change)
    assert code_of(lambda: pack(ws, ref, tmp_path / "proof.zip")) == "request-unproven"
    assert not (tmp_path / "proof.zip").exists()


def test_a_pack_replaces_no_file_and_lies_outside(ws, tmp_path):
    ref = opened(ws, "access", a_person(ws))
    (tmp_path / "there.zip").write_bytes(b"mine")
    assert code_of(lambda: pack(ws, ref, tmp_path / "there.zip")) == "file-exists"
    assert code_of(lambda: pack(ws, ref, ws.paths.root / "p.zip")) == "inside-workspace"
    assert code_of(lambda: pack(ws, "rq-0", tmp_path / "p.zip")) == "unknown-request"


@pytest.mark.law("CA-7101")
@pytest.mark.parametrize(("regime", "days"), [("ccpa", 732), ("gdpr", 1097), ("pipl_cn", 1097)])
def test_an_ended_request_is_kept_for_its_time_and_no_longer(ws, regime, days):
    ref = opened(ws, "access", a_person(ws, regime=regime))
    living = opened(ws, "portability", a_person(ws, regime=regime))
    executing.revoke(ws, ref)
    later(ws, days - 1)
    assert swept(ws) == 0
    later(ws, 1)
    assert swept(ws) == 1
    with ws.store.read() as connection:
        assert [one.ref for one in row.select(connection)] == [living]
        assert row.steps(connection, ref) == []
    said = json.loads(list(ws.evidence.entries())[-1])
    assert (said["act"], said["obj"]) == ("retention.swept", {"what": "requests", "count": 1})
    assert swept(ws) == 0


def swept(ws):
    """Run the sweep of what is past its time; returns how many requests went."""
    return {one.code: one.count for one in retention.run(ws)}["requests"]


def test_what_was_told_because_of_a_request_goes_with_it(ws):
    who = a_person(ws)
    ref = opened(ws, "deletion", who)
    verified(ws, ref)
    executing.submit(ws, ref)
    as_reviewer(ws, lambda: executing.approve(ws, ref))
    later(ws, 4)
    erasing.carry_on(ws)
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO notification (id, ref, recipient, what, reference, state, made_at, moved_at) "
            "VALUES ('nt-1', ?, 'processor', 'erase', 'x', 'sent', 0, 0)",
            (ref,),
        )
    later(ws, 1100)
    assert swept(ws) == 1
    with ws.store.read() as connection:
        for table in ("request", "requestevent", "notification", "challenge", "erasure"):
            found = connection.exec_driver_sql(f"SELECT 1 FROM {table} WHERE ref = ?", (ref,))
            assert found.first() is None, table


@pytest.mark.law("GDPR-17-3")
def test_a_request_of_somebody_who_is_held_is_kept(ws):
    who = a_person(ws)
    executing.revoke(ws, opened(ws, "access", who))
    later(ws, 1097)
    held(ws, who, "everything")
    assert swept(ws) == 0
    later(ws, 61)
    assert swept(ws) == 1
