# SPDX-License-Identifier: Apache-2.0
"""An erasure from its preview to its end: who may, when it is stale, what stays out, what comes back."""

import csv
import io
import json
import shutil
from contextlib import closing

import pytest
from sqlalchemy import text

from audit.clock import DAY, HOUR, FixedClock, Micros, from_micros
from governance import choice, consent, corrections, erasure, holds, restoring
from governance.erasure import EVERYTHING, Scope, kept, unkeyed
from governance.erasure.preview import of_record
from governance.erasure.step import Step
from governance.intake import quarantine
from governance.registry import ERASE, PLACES, SHRED
from governance.requests import desk
from governance.running.live import Live
from governance.store import bitmaps
from governance.vault.keystore import KeyStore
from tests.access import PERSON, PURPOSE, a_person, a_shop
from tests.erasing import REF, all_begun, begun, erased, later
from tests.holding import rows_of
from tests.workshop import NOON, as_reviewer, code_of, reopened

AHEAD = from_micros(NOON + 60 * DAY).date()


@pytest.fixture
def shop(tmp_path, request):
    opened = a_shop(tmp_path / "ws", request)
    yield opened
    opened.close()


@pytest.fixture
def who(shop):  # noqa: ARG001  (the shop has the person in it)
    return PERSON[0]


def step_of(ws, ref=REF):
    (item,) = erasure.sagas(ws, ref)
    return item.step


def event(category="tea"):
    return {"ts": NOON - DAY, "event_type": "purchase", "category": category, "session": "o-9"}


# --- the preview ----------------------------------------------------------------------------


def test_a_preview_reads_as_it_was_kept(shop, who):
    seen = erasure.preview(shop.ws, who, EVERYTHING)
    again = of_record(who, seen.record())
    assert (again, again.digest) == (seen, seen.digest)
    assert "release-bounded" in seen.remains


def test_a_preview_is_stale_when_it_would_not_wait_any_more(shop, who):
    ws = shop.ws
    placed = holds.place(ws, who, "everything", "legal-claims", AHEAD)
    seen = erasure.preview(ws, who, EVERYTHING)
    as_reviewer(ws, lambda: holds.lift(ws, placed.id))
    with ws.store.write() as unit:
        assert code_of(lambda: erasure.begin(unit, ws, REF, who, seen)) == "preview-stale"


@pytest.mark.parametrize(
    "change",
    [
        lambda shop, who: shop.says(who, "withdrawn", 1),  # more is kept as proof
        lambda shop, who: holds.place(shop.ws, who, "transactions", "legal-claims", AHEAD),
        lambda shop, who: holds.place(shop.ws, who, "everything", "legal-claims", AHEAD),
        lambda shop, who: desk.open_request(shop.ws, desk.Asked("access"), who),  # a place more
    ],
    ids=["kept", "hold", "stop", "place"],
)
def test_a_preview_is_stale_when_what_was_decided_has_changed(shop, who, change):
    ws = shop.ws
    seen = erasure.preview(ws, who, EVERYTHING)
    change(shop, who)
    with ws.store.write() as unit:
        assert code_of(lambda: erasure.begin(unit, ws, REF, who, seen)) == "preview-stale"
    assert erasure.sagas(ws) == []


def test_a_preview_holds_while_the_customer_goes_on_living(shop, who):
    ws = shop.ws
    shop.stores()
    seen = erasure.preview(ws, who, EVERYTHING)
    shop.buys(who, "hat")  # the first event that did not come to the lake yet
    shop.runs()
    with ws.store.write() as unit:
        erasure.begin(unit, ws, REF, who, seen)
    later(ws)
    (done,) = erasure.carry_on(ws)
    assert done.step == Step.CLOSED


def test_a_preview_is_stale_when_it_is_old(shop, who):
    ws = shop.ws
    seen = erasure.preview(ws, who, EVERYTHING)
    later(ws, 25)
    with ws.store.write() as unit:
        assert code_of(lambda: erasure.begin(unit, ws, REF, who, seen)) == "preview-stale"


def test_a_scope_that_is_not_there_is_refused(shop, who):
    ws = shop.ws
    for scope, code in (
        (Scope("tag", "interest.teas"), "unknown-tag"),
        (Scope("purpose", "offer"), "unknown-purpose"),
        (Scope("category", "user.demografic"), "unknown-data-category"),
    ):
        assert code_of(lambda scope=scope: erasure.preview(ws, who, scope)) == code


def test_every_place_has_an_eraser_a_ground_or_a_key_that_dies():
    for place in PLACES:
        if place.kind == "table" and place.on_erasure == ERASE:
            assert place.find in ("subject_id", "members"), place.code
        if place.kind == "file":
            assert place.name in ("lake", "quarantine", "scratch"), place.code
        if place.kind in ("keystore", "log"):
            assert place.on_erasure == SHRED or place.ground, place.code
        if place.kind == "table" and place.on_erasure == SHRED:
            assert place.code in ("store.outbox", "store.erasure")


# --- from the beginning to the end ----------------------------------------------------------


def test_from_the_beginning_nothing_of_the_person_is_used_or_added(shop, who):
    ws = shop.ws
    begun(ws, who)
    with ws.store.read() as connection:
        assert who in bitmaps.members(connection, "restricted")
    with closing(Live(ws)) as live:
        assert code_of(lambda: live.record(who, event())) == "erasure-under-way"
    assert code_of(lambda: begun(ws, who, "R2")) == "erasure-under-way"


def test_in_the_grace_nothing_goes_and_it_can_be_cancelled(shop, who):
    ws = shop.ws
    before = erasure.preview(ws, who, EVERYTHING)
    begun(ws, who)
    (waits,) = erasure.carry_on(ws)
    assert (waits.step, waits.waiting) == (Step.RESTRICTED, "grace")
    later(ws, 1)
    erasure.cancel(ws, REF)
    later(ws)
    erasure.carry_on(ws)
    assert step_of(ws) is Step.CANCELLED
    with ws.store.read() as connection:
        assert who not in bitmaps.members(connection, "restricted")
    after = erasure.preview(ws, who, EVERYTHING)
    lake = [line for line in before.lines if line.place == "file.lake"]
    assert [line for line in after.lines if line.place == "file.lake"] == lake


def test_who_was_restricted_before_stays_so_when_it_is_cancelled(shop, who):
    shop.decides(who, "restrict", "")
    begun(shop.ws, who)
    erasure.cancel(shop.ws, REF)
    with shop.ws.store.read() as connection:
        assert who in bitmaps.members(connection, "restricted")


def test_what_is_done_does_not_go_back(shop, who):
    erased(shop.ws, who)
    assert code_of(lambda: erasure.cancel(shop.ws, REF)) == "erasure-committed"
    assert code_of(lambda: erasure.cancel(shop.ws, "R0")) == "unknown-erasure"


def test_the_person_is_not_known_and_not_admitted_again(shop, who):
    ws = shop.ws
    erased(ws, who)
    assert ws.people.find("customer", ["C-1001"]) == {}
    assert ws.people.admit("customer", ["C-1001", "C-7"]).keys() == {"C-7"}


def test_a_run_that_was_killed_before_does_not_bring_a_row_back(shop, who):
    ws = shop.ws
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO run (name, mode, state, as_of, started_at, report) "
                "VALUES ('run-left', 'all', 'running', 0, 0, '{}')"
            )
        )
        unit.connection.execute(
            text(
                "INSERT INTO assignment (subject_id, tv, valid_from, run_id) "
                "SELECT :s, 1, 7, id FROM run WHERE name = 'run-left'"
            ),
            {"s": who},
        )
    assert erased(ws, who).step is Step.CLOSED
    shop.runs()
    with ws.store.read() as connection:
        left = connection.execute(text("SELECT count(*) FROM assignment")).scalar()
    assert left == 0


def test_entries_of_the_end_name_nobody(shop, who):
    ws = shop.ws
    erased(ws, who)
    said = [entry for entry in ws.evidence.entries() if REF.encode() in entry]
    assert len(said) >= 9
    assert sum(b'"sub"' in entry for entry in said) == 1  # where it began, under a key that is gone


def test_many_go_together(shop):
    ws = shop.ws
    people = [shop.admits(f"C-{n}") for n in range(60)]
    for who in people:
        shop.buys(who, "tea")
        shop.buys(who, "cup", 2)
    shop.stores()
    gone, left = people[:40], people[40:]
    all_begun(ws, gone)
    later(ws)
    done = erasure.carry_on(ws)
    assert {item.step for item in done} == {Step.CLOSED}
    with ws.store.read() as connection:
        there = connection.execute(text("SELECT subject_id FROM subject")).scalars().all()
        events = connection.execute(text("SELECT sum(row_count) FROM lakepart")).scalar()
    assert (sorted(there), events) == (left, 2 * len(left))


# --- what is kept, and until when -----------------------------------------------------------


@pytest.mark.law("GDPR-17-3")
def test_ledgers_are_kept_under_the_bare_number_until_their_time_is_over(shop, who):
    ws = shop.ws
    erased(ws, who)

    def ledgers():
        with ws.store.read() as connection:
            return [
                connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()
                for name in ("consentevent", "choiceevent", "keptproof")
            ]

    assert ledgers() == [1, 2, 1]
    later(ws, 24 * 365 * 3 - 1)
    assert kept.sweep(ws) == 0
    later(ws, 2)
    erasure.carry_on(ws)
    assert ledgers() == [0, 0, 0]


@pytest.mark.usefixtures("who")
def test_the_ledger_of_anybody_else_cannot_be_deleted(shop):
    ws = shop.ws
    with pytest.raises(Exception, match="append-only"), ws.store.write() as unit:
        unit.connection.execute(text("DELETE FROM consentevent"))


# --- a part ---------------------------------------------------------------------------------


def test_a_tag_goes_with_its_history_and_does_not_come_back(shop, who):
    ws = shop.ws
    assert erased(ws, who, scope=Scope("tag", "interest.tea")).step is Step.CLOSED
    shop.buys(who, "tea", -3)
    shop.runs()
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT d.key FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
                "JOIN definition d ON d.id = v.definition_id"
            )
        ).scalars()
        assert "interest.tea" not in set(rows)


def test_a_purpose_goes_with_consent_and_tags_that_serve_it_alone(shop, who):
    ws = shop.ws
    erased(ws, who, scope=Scope("purpose", PURPOSE))
    with ws.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM assignment")).scalar() == 0
        assert who in bitmaps.members(connection, f"object:{PURPOSE}")
    assert ws.people.names(who)


def test_a_category_goes_and_the_other_attributes_stay(shop, who):
    ws = shop.ws
    with ws.store.write() as unit:
        unit.connection.execute(
            text("UPDATE attribute SET category = 'user.health_and_medical' WHERE key = 'diet'")
        )
    seen = erasure.preview(ws, who, Scope("category", "user.health_and_medical"))
    assert "events-undivided" in seen.remains
    erased(ws, who, scope=Scope("category", "user.health_and_medical"))
    with ws.store.read() as connection:
        rows = connection.execute(text("SELECT subject_id, class_id, cell FROM sealedblob")).all()
        (opened,) = ws.people.unseal([tuple(row) for row in rows])
        again = corrections.sift(ws, connection, {who: {"diet": "halal", "city": "Bonn"}})
    assert opened[2] == {"city": "<Köln>"}
    assert again.said == {who: {"city": "Bonn"}}  # what an import says of it is not taken


# --- what comes too late --------------------------------------------------------------------


def at_the_last_moment(ws, who):
    """Write what commands write that had looked the person up before they were gone."""
    said = consent.ConsentFact(who, PURPOSE, "given", "ordinary", NOON, None, "v1", "en", "site")
    decided = choice.ChoiceFact(who, "object", PURPOSE, True, NOON, "letter")
    with ws.store.write() as unit:
        consent.record(unit, said, now=ws.clock.now())
        choice.record(unit, decided, now=ws.clock.now())
        unit.connection.execute(
            text(
                "INSERT INTO correction (subject_id, attribute, kind, refused, at) "
                "VALUES (:s, 'city', 'deleted', '', 0)"
            ),
            {"s": who},
        )


@pytest.mark.law("GDPR-17-1")
def test_rows_that_come_after_the_end_go_with_the_next_run(shop, who):
    ws = shop.ws
    erased(ws, who)
    at_the_last_moment(ws, who)
    erasure.carry_on(ws)
    with ws.store.read() as connection:
        seen = erasure.previews(ws, connection, [who], EVERYTHING)[who]
        assert who not in bitmaps.members(connection, f"object:{PURPOSE}")
    left = {line.place for line in seen.lines if line.count > 0}
    assert left == {"store.consentevent", "store.choiceevent", "store.keptproof"}


def test_a_ledger_row_alone_that_comes_too_late_gets_its_time_too(shop, who):
    ws = shop.ws
    erased(ws, who)
    later(ws, 24 * (3 * 365 + 2))
    erasure.carry_on(ws)  # the ledgers are gone
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO choiceevent (subject_id, kind, target, active, at, source, recorded_at) "
                "VALUES (:s, 'opt-out', '', TRUE, 0, 'x', 0)"
            ),
            {"s": who},
        )
    erasure.carry_on(ws)
    later(ws, 24 * (3 * 365 + 2))
    erasure.carry_on(ws)
    assert rows_of(ws, "choiceevent", who) == 0


def test_somebody_who_is_admitted_meanwhile_is_not_swept_away(shop, monkeypatch):
    ws, numbers, new = shop.ws, KeyStore.numbers, []

    def slow(store):
        found = numbers(store)
        new.append(a_person(shop, "C-2002"))
        return found

    monkeypatch.setattr(KeyStore, "numbers", slow)
    assert unkeyed.sweep(ws) == 0
    assert rows_of(ws, "subject", new[0]) == 1


@pytest.mark.law("GDPR-17-1")
@pytest.mark.parametrize(
    "content",
    ['{"customer": "C-1001", "time": "20', '{"customer": "C-1001"}', "C-1001;torn", "to (C-1001)"],
)
def test_a_torn_line_that_names_the_person_leaves_the_quarantine(shop, who, content):
    folder = shop.ws.paths.quarantine
    folder.mkdir(exist_ok=True)
    out = io.StringIO(newline="")
    rows = [("7", "", "torn", "", json.dumps(content)), ("8", "", "torn", "", json.dumps("C-2"))]
    csv.writer(out).writerows([quarantine.COLUMNS, *rows])
    (folder / "in-1.csv").write_bytes(out.getvalue().encode() + b"\r\n\r\n9,,x,,\xff\r\n")
    (folder / "mended").mkdir()
    (folder / "mended" / "saved.csv").write_text("who,what\nC-1001,x\nC-2,y\n", "utf-8")
    assert erased(shop.ws, who).step == Step.CLOSED
    left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"C-1001" not in left
    assert b"C-2" in left
    assert b"\xff" in left


# --- an older store -------------------------------------------------------------------------


@pytest.mark.law("GDPR-17-1", "CA-105")
def test_an_older_control_store_that_is_put_back_does_not_bring_anybody_back(shop, who, tmp_path):
    ws = shop.ws
    other = a_person(shop, "C-1002")
    shop.stores()
    ws.close()
    copy = tmp_path / "copy.db"
    shutil.copy(ws.paths.control, copy)
    with closing(reopened(ws.paths.root)) as then:
        erased(then, who)
        now = then.clock.now()
    shutil.copy(copy, ws.paths.control)
    for tail in ("-wal", "-shm"):
        ws.paths.control.with_name(f"control.db{tail}").unlink(missing_ok=True)
    with closing(reopened(ws.paths.root, clock=FixedClock(Micros(now + HOUR)))) as back:
        done = restoring.accept(back)
        assert (done.erased, done.parts_lost) == (1, 0)
        with back.store.read() as connection:
            seen = erasure.previews(back, connection, [who, other], EVERYTHING)
        left = {line.place for line in seen[who].lines if line.count > 0}
        assert left == {"store.consentevent", "store.choiceevent", "store.keptproof"}
        mine = {line.place: line.count for line in seen[other].lines}
        assert mine["file.lake"] == 4


def test_somebody_else_may_not(shop, who):
    ws = shop.ws
    as_reviewer(ws, lambda: None)
    with ws.store.write() as unit:
        unit.connection.execute(
            text("UPDATE operator SET roles = '[\"auditor\"]' WHERE name = 'reviewer'")
        )
    for work in (
        lambda: erasure.preview(ws, who, EVERYTHING),
        lambda: erasure.carry_on(ws),
        lambda: erasure.cancel(ws, REF),
    ):
        assert as_reviewer(ws, lambda work=work: code_of(work)) == "not-permitted"
