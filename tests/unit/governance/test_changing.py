# SPDX-License-Identifier: Apache-2.0
"""How the catalogue changes: nothing reaches production past a second pair of eyes."""

import json

import pytest

from audit.canon import canonical, digest
from audit.clock import DAY, FixedClock, Micros
from audit.errors import BadInput, Conflict, NotFound, Refused, Unsafe
from governance import authority, catalogue
from governance.actor import Actor
from governance.assignments import held_by
from governance.changing import applying, comparing, lifecycle, review
from governance.changing.plan import Plan, read_plan
from governance.explaining import explain
from governance.running.run import run_all
from tests.unit.governance.test_run import FAN, NOW, Store
from tests.workshop import REVIEWER, a_workspace, applied, as_reviewer, code_of

TEA = "orders(category = 'tea', days => 30) >= 3"
HEALTH = "asserts: [user.health_and_medical]"


@pytest.fixture
def shop(tmp_path):
    ws = a_workspace(tmp_path, clock=FixedClock(Micros(NOW)))
    try:
        yield Store(ws, tmp_path)
    finally:
        ws.close()


def write(shop, name="tags.yaml", edit=lambda text: text, **rules):
    """Write documents of tags, edited, and return the path."""
    from tests.unit.governance.test_run import TAG

    text = "---".join(
        TAG.format(key=key.replace("__", "."), value=rule, ttl="90d") for key, rule in rules.items()
    )
    path = shop.folder / name
    path.write_text(edit(text), "utf-8")
    return path


def planned(shop, *paths, count=False):
    return comparing.make(shop.ws, paths, count=count)


def submitted(shop, edit=lambda text: text, **rules):
    return review.submit(shop.ws, planned(shop, write(shop, edit=edit, **rules)))


def in_use(shop):
    with shop.ws.store.read() as connection:
        return {key: tag.version for key, tag in catalogue.reading(connection)[0].items()}


def states(shop):
    with shop.ws.store.read() as connection:
        return {key: tag.state for key, tag in catalogue.active(connection).items()}


# --- one test per approval bug of the field ------------------------------------------------------


def test_a_tag_that_an_administrator_creates_is_not_approved_by_that(shop):
    assert "admin" in authority.FOUNDER
    plan = planned(shop, write(shop, **FAN))
    with pytest.raises(Refused) as caught:
        applying.apply(shop.ws, plan)
    assert caught.value.code == "not-approved"
    assert in_use(shop) == {}


@pytest.mark.law("CN-ALGO-10-R")
def test_nobody_approves_their_own_change_whatever_their_roles(shop):
    name = submitted(shop, **FAN).name
    with pytest.raises(Refused) as caught:
        review.approve(shop.ws, name)
    assert caught.value.code == "own-change"
    with pytest.raises(Refused):
        review.reject(shop.ws, name, "too-broad")


def test_an_import_of_many_files_takes_the_same_way(shop):
    folder = shop.folder / "import"
    folder.mkdir()
    for number in range(5):
        write(
            shop,
            name=f"import/{number}.yaml",
            **{f"interest.t{number}": f"orders() >= {number + 1}"},
        )
    plan = planned(shop, folder)
    assert len(plan.items) == 5
    with pytest.raises(Refused):
        applying.apply(shop.ws, plan)
    assert in_use(shop) == {}


def test_only_an_operator_with_the_role_of_a_reviewer_decides(shop):
    name = submitted(shop, **FAN).name
    authority.add(shop.ws, "colleague", ["tagger", "admin"])
    shop.ws.actor = Actor("colleague")
    with pytest.raises(Refused) as caught:
        review.approve(shop.ws, name)
    assert caught.value.code == "not-permitted"
    shop.ws.actor = Actor("stranger")
    with pytest.raises(Refused) as caught:
        review.approve(shop.ws, name)
    assert caught.value.code == "unknown-operator"


def test_a_role_that_was_chosen_is_the_only_one_that_counts(shop):
    shop.ws.actor = Actor(shop.ws.actor.name, "admin", chosen=True)
    assert code_of(lambda: submitted(shop, **FAN)) == "not-permitted"


def test_many_edits_are_one_thing_to_review(shop):
    rules = {f"interest.t{number}": f"orders() >= {number + 1}" for number in range(40)}
    submitted(shop, **rules)
    with shop.ws.store.read() as connection:
        (item,) = review.waiting(connection)
    assert len(item.plan.items) == 40


def test_words_need_nobody_and_start_no_review(shop):
    applied(shop.ws, write(shop, **FAN))
    plan = planned(shop, write(shop, edit=lambda t: t.replace("en: Name", "en: Tea lover"), **FAN))
    assert [item.what for item in plan.items] == ["reworded"]
    with pytest.raises(Conflict) as caught:
        review.submit(shop.ws, plan)
    assert caught.value.code == "nothing-to-review"
    (change,) = applying.apply(shop.ws, plan)
    assert (change.what, change.version) == ("reworded", 1)


@pytest.mark.parametrize("state", ["draft", "in_review", "approved", "rejected", "withdrawn"])
def test_what_is_not_applied_is_not_usable(shop, state):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    plan = planned(shop, write(shop, **FAN))
    name = review.submit(shop.ws, plan, draft=state == "draft").name
    if state == "approved":
        as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    if state == "rejected":
        as_reviewer(shop.ws, lambda: review.reject(shop.ws, name, "too-broad"))
    if state == "withdrawn":
        review.withdraw(shop.ws, name)
    assert in_use(shop) == {}
    with pytest.raises(NotFound):
        run_all(shop.ws)
    other = write(shop, name="other.yaml", **{"interest.host": "tag('interest.tea')"})
    with pytest.raises(BadInput):
        planned(shop, other)


def test_a_tag_is_deprecated_in_favour_of_another_or_with_a_reason(shop):
    applied(shop.ws, write(shop, **FAN, **{"interest.hot_drinks": "orders(days => 30) >= 2"}))
    with pytest.raises(BadInput) as caught:
        lifecycle.deprecate(shop.ws, "interest.tea")
    assert caught.value.code == "no-successor"
    assert (
        code_of(lambda: lifecycle.deprecate(shop.ws, "interest.tea", successor="interest.x"))
        == "unknown-tag"
    )
    lifecycle.suspend(shop.ws, "interest.hot_drinks")
    with pytest.raises(Conflict) as caught:
        lifecycle.deprecate(shop.ws, "interest.tea", successor="interest.hot_drinks")
    assert caught.value.code == "successor-not-active"
    lifecycle.resume(shop.ws, "interest.hot_drinks")
    lifecycle.deprecate(shop.ws, "interest.tea", successor="interest.hot_drinks")
    with shop.ws.store.read() as connection:
        found = catalogue.active(connection)["interest.tea"]
    assert (found.state, found.successor) == ("deprecated", "interest.hot_drinks")
    assert "interest.tea" in in_use(shop)


def test_archived_is_not_deleted(shop):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    shop.tags(**FAN)
    run_all(shop.ws)
    assert code_of(lambda: lifecycle.archive(shop.ws, "interest.tea")) == "tag-state"
    lifecycle.deprecate(shop.ws, "interest.tea", reason="not-used")
    assert shop.having("interest.tea") == {"ann"}
    lifecycle.archive(shop.ws, "interest.tea")
    assert shop.having("interest.tea") == set()
    shop.tags(interest__other="orders() >= 100")
    run_all(shop.ws)
    assert [(row[4] is not None, row[5]) for row in shop.rows()] == [(True, "archived")] or [
        row[5] for row in shop.rows()
    ] == ["archived"]
    assert states(shop)["interest.tea"] == "archived"


def test_a_tag_that_others_refer_to_is_not_archived(shop):
    applied(
        shop.ws, write(shop, **FAN, **{"interest.host": "tag('interest.tea') and orders() > 1"})
    )
    lifecycle.deprecate(shop.ws, "interest.tea", reason="not-used")
    with pytest.raises(Conflict) as caught:
        lifecycle.archive(shop.ws, "interest.tea")
    assert caught.value.code == "tag-in-use"


def test_a_suspended_tag_takes_the_tags_that_are_made_of_it_along(shop):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    shop.tags(
        **FAN,
        interest__host="tag('interest.tea') and orders() > 1",
        interest__party="tag('interest.host')",
        interest__other="orders() >= 1",
    )
    run_all(shop.ws)
    made_of_it = {"interest.host", "interest.party"}
    assert all(shop.having(key) == {"ann"} for key in made_of_it)
    assert lifecycle.suspend(shop.ws, "interest.tea") == sorted(made_of_it)
    assert not any(shop.having(key) for key in made_of_it)
    report = run_all(shop.ws)
    assert [tag.key for tag in report.tags] == ["interest.other"]
    assert report.to_dict()["not_computed"] == {key: ["interest.tea"] for key in made_of_it}
    assert code_of(lambda: run_all(shop.ws, keys=["interest.party"])) == "no-tags"
    shop.buys("ann", 0)
    (why,) = explain(shop.ws, shop.people["ann"], ["interest.party"], depth="officer")
    assert (why.has, why.stopped) == (False, "")
    assert code_of(lambda: lifecycle.resume(shop.ws, "interest.host")) == "tag-state"
    lifecycle.resume(shop.ws, "interest.tea")
    assert "not_computed" not in run_all(shop.ws).to_dict()
    assert all(shop.having(key) == {"ann"} for key in made_of_it)


# --- the approval binds the content -------------------------------------------------------------


def test_an_approved_plan_is_applied_once_and_then_does_nothing(shop):
    plan = planned(shop, write(shop, **FAN))
    name = review.submit(shop.ws, plan).name
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    assert [change.key for change in applying.apply(shop.ws, plan)] == ["interest.tea"]
    assert applying.apply(shop.ws, plan) == []
    with shop.ws.store.read() as connection:
        item = review.named(connection, name)
        tag = catalogue.active(connection)["interest.tea"]
    assert item.state == "applied"
    assert (item.decided_by, tag.change_set) == (REVIEWER.ref, name)


def test_another_plan_than_the_approved_one_is_refused(shop):
    name = submitted(shop, **FAN).name
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    other = planned(shop, write(shop, interest__tea="orders() >= 1"))
    assert code_of(lambda: applying.apply(shop.ws, other)) == "not-approved"


def test_a_plan_that_was_edited_is_refused(shop, tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(planned(shop, write(shop, **FAN)).encode())
    assert read_plan(path).items
    path.write_text(path.read_text().replace(">= 3", ">= 1"))
    with pytest.raises(BadInput) as caught:
        read_plan(path)
    assert caught.value.code == "plan-edited"
    path.write_text("[]")
    with pytest.raises(BadInput) as caught:
        read_plan(path)
    assert caught.value.code == "bad-plan"


def test_a_plan_of_an_earlier_version_that_knew_fewer_fields_keeps_its_name(shop):
    plain = planned(shop, write(shop, **FAN)).to_dict()
    del plain["leaks"], plain["items"][0]["duplicates"]
    old = Plan.decode(canonical({**plain, "digest": digest(plain)}))
    assert old.name == f"cs-{digest(plain)[:12]}"
    assert Plan.decode(old.encode()).name == old.name


def test_a_plan_that_the_world_has_left_behind_is_neither_approved_nor_applied(shop):
    applied(shop.ws, write(shop, **FAN))
    slow = planned(shop, write(shop, interest__tea="orders() >= 7"))
    name = review.submit(shop.ws, slow).name
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    lifecycle.suspend(shop.ws, "interest.tea")
    assert code_of(lambda: applying.apply(shop.ws, slow)) == "plan-stale"
    again = submitted(shop, interest__tea="orders() >= 8").name
    lifecycle.resume(shop.ws, "interest.tea")
    assert (
        code_of(lambda: as_reviewer(shop.ws, lambda: review.approve(shop.ws, again)))
        == "plan-stale"
    )


def test_a_change_elsewhere_does_not_make_a_plan_stale(shop):
    plan = planned(shop, write(shop, **FAN))
    name = review.submit(shop.ws, plan).name
    applied(shop.ws, write(shop, name="other.yaml", interest__coffee="orders() >= 2"))
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    assert applying.apply(shop.ws, plan)


def test_two_operators_do_not_change_one_tag_at_once(shop):
    submitted(shop, **FAN)
    authority.add(shop.ws, "colleague", ["tagger"])
    shop.ws.actor = Actor("colleague")
    assert code_of(lambda: submitted(shop, interest__tea="orders() >= 9")) == "change-open"


def test_a_second_thought_of_the_author_takes_the_place_of_the_first(shop):
    first = submitted(shop, **FAN).name
    second = submitted(shop, interest__tea="orders() >= 9").name
    with shop.ws.store.read() as connection:
        assert review.named(connection, first).state == "withdrawn"
        assert [item.name for item in review.waiting(connection)] == [second]


def test_a_change_of_meaning_is_a_new_version_and_the_old_one_stays_until_then(shop):
    applied(shop.ws, write(shop, **FAN))
    submitted(shop, interest__tea="orders() >= 9")
    assert in_use(shop) == {"interest.tea": 1}
    plan = planned(shop, write(shop, interest__tea="orders() >= 9"))
    assert [(item.what, item.version) for item in plan.items] == [("new version", 2)]


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param(state, id=state)
        for state in ("draft", "in_review", "approved", "applied", "rejected", "withdrawn")
    ],
)
def test_every_state_that_is_not_the_end_has_a_way_on(moves):
    ways = [move for move, (before, _) in review.MOVES.items() if moves in before]
    assert bool(ways) == (moves in review.OPEN)


# --- what the plan says ------------------------------------------------------------------------


def test_a_plan_says_what_changes_word_by_word(shop):
    applied(shop.ws, write(shop, **FAN))
    (item,) = planned(shop, write(shop, edit=lambda t: t.replace("90d", "60d"), **FAN)).items
    assert [(f.path, f.before, f.after) for f in item.fields] == [("ttl", "90d", "60d")]


def test_a_plan_says_what_the_law_answers_then(shop):
    applied(shop.ws, write(shop, **FAN))
    edit = lambda t: t.replace("asserts: [user.demographic.profile]", HEALTH)  # noqa: E731
    (item,) = planned(shop, write(shop, edit=edit, **FAN)).items
    found = {change.after.regime: change for change in item.verdicts}
    assert found["gdpr"].after.consent == "explicit"
    assert found["pipl_cn"].after.consent == "separate"
    assert "GDPR Art. 9(1)" in " ".join(found["gdpr"].after.cites)
    assert set(item.newly_sensitive) >= {"gdpr", "pipl_cn"}


def test_a_plan_counts_whom_it_would_reach_and_hides_few(shop):
    names = [f"p{number}" for number in range(30)]
    shop.admit(*names)
    for name in names[:20]:
        shop.buys(name, 1, 2, 3)
    for name in names[20:25]:
        shop.buys(name, 1, 2)
    shop.tags(**FAN)
    run_all(shop.ws)
    plan = planned(shop, write(shop, interest__tea=TEA.replace(">= 3", ">= 2")), count=True)
    (item,) = plan.items
    people = item.people
    assert (people.known, people.permitted, people.permitted_per_mille) == (30, 30, 1000)
    assert (people.before, people.after, people.gained, people.lost) == (20, 25, "<10", 0)
    assert not plan.over


def test_a_change_of_many_people_needs_a_reason(shop):
    names = [f"p{number}" for number in range(20)]
    shop.admit(*names)
    for name in names:
        shop.buys(name, 1, 2, 3)
    shop.tags(**FAN)
    run_all(shop.ws)
    plan = planned(shop, write(shop, interest__tea=TEA.replace(">= 3", ">= 9")), count=True)
    assert [(o.key, o.measure, o.per_mille) for o in plan.over] == [("interest.tea", "lost", 1000)]
    name = review.submit(shop.ws, plan).name
    with pytest.raises(Unsafe) as caught:
        as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    assert "100.0 % lost" in caught.value.message
    item = as_reviewer(shop.ws, lambda: review.approve(shop.ws, name, over="season-end"))
    assert (item.state, item.reason) == ("approved", "season-end")


def test_a_plan_names_who_refers_to_it_and_who_says_the_same(shop):
    applied(
        shop.ws, write(shop, **FAN, **{"interest.host": "tag('interest.tea') and orders() > 1"})
    )
    twin = {"interest.twin": "3 <= orders(category = 'tea', days => 30)"}
    plan = planned(shop, write(shop, **twin, interest__tea=TEA.replace("30", "60")))
    found = {item.key: item for item in plan.items}
    assert found["interest.tea"].dependants == ("interest.host",)
    plan = planned(shop, write(shop, **twin))
    assert plan.items[0].duplicates == ("interest.tea",)


def test_what_the_law_refuses_is_not_even_submitted(shop):
    edit = lambda t: t.replace("gdpr: consent", "gdpr: legitimate_interest").replace(  # noqa: E731
        "asserts: [user.demographic.profile]", HEALTH
    )
    plan = planned(shop, write(shop, edit=edit, **FAN))
    assert plan.errors
    with pytest.raises(Refused) as caught:
        review.submit(shop.ws, plan)
    assert caught.value.code == "policy-refuses"
    assert "GDPR Art. 9" in caught.value.message


@pytest.mark.law("CN-ALGO-10")
def test_a_tag_of_harmful_words_is_not_even_submitted(shop):
    plan = planned(
        shop, write(shop, edit=lambda t: t.replace("name: {en: ", "name: {en: Gambling "), **FAN)
    )
    with pytest.raises(Refused) as caught:
        review.submit(shop.ws, plan)
    assert caught.value.code == "policy-refuses"
    assert "illegal-or-harmful-keyword" in caught.value.message


# --- what becomes of a tag whose input turns ----------------------------------------------------


def test_a_tag_goes_out_of_use_when_what_it_refers_to_becomes_sensitive(shop):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    rules = {**FAN, "interest.host": "tag('interest.tea') and orders() > 1"}
    applied(shop.ws, write(shop, **rules))
    run_all(shop.ws)
    assert shop.having("interest.host") == {"ann"}
    edit = lambda t: t.replace("asserts: [user.demographic.profile]", HEALTH).replace(  # noqa: E731
        "Name", "Remedy"
    )
    plan = planned(shop, write(shop, edit=edit, **FAN))
    assert plan.reviewed_again == ("interest.host",)
    name = review.submit(shop.ws, plan).name
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    applying.apply(shop.ws, plan)
    assert states(shop)["interest.host"] == "in_review"
    assert shop.having("interest.host") == set()
    assert code_of(lambda: lifecycle.resume(shop.ws, "interest.host")) == "own-change"
    as_reviewer(shop.ws, lambda: lifecycle.resume(shop.ws, "interest.host"))
    assert shop.having("interest.host") == set()  # the gate sees what the input brings


def test_a_suspended_tag_is_out_of_use_at_once_and_only_a_reviewer_brings_it_back(shop):
    shop.admit("ann")
    shop.buys("ann", 1, 2, 3)
    shop.tags(**FAN)
    run_all(shop.ws)
    authority.add(shop.ws, "colleague", ["tagger"])
    shop.ws.actor = Actor("colleague")
    lifecycle.suspend(shop.ws, "interest.tea")
    with shop.ws.store.read() as connection:
        tags = catalogue.active(connection)
        assert not held_by(connection, shop.people["ann"], tags, NOW + DAY)
    assert code_of(lambda: lifecycle.resume(shop.ws, "interest.tea")) == "not-permitted"


def test_a_new_version_does_not_lift_a_suspension(shop):
    applied(shop.ws, write(shop, **FAN))
    lifecycle.suspend(shop.ws, "interest.tea")
    applied(shop.ws, write(shop, interest__tea="orders() >= 7"))
    assert states(shop) == {"interest.tea": "suspended"}
    as_reviewer(shop.ws, lambda: lifecycle.resume(shop.ws, "interest.tea"))
    assert in_use(shop) == {"interest.tea": 2}


def test_every_step_and_every_denial_is_in_the_log(shop):
    name = submitted(shop, **FAN).name
    code_of(lambda: review.approve(shop.ws, name))
    shop.ws.actor = Actor("stranger")
    code_of(lambda: review.approve(shop.ws, name))
    shop.ws.actor = Actor("officer", "dpo")
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    with shop.ws.store.read() as connection:
        plan = review.named(connection, name).plan
    applying.apply(shop.ws, plan)
    shop.ws.evidence.drain()
    acts = [json.loads(entry)["act"] for entry in entries(shop.ws)]
    assert {
        "change.submitted",
        "denied",
        "change.approved",
        "change.applied",
        "tag.applied",
    } <= set(acts)


def entries(ws):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(ws.paths.evidence)) as db:
        table = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        name = next(row[0] for row in table if row[0] in ("entry", "entries", "log"))
        column = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
        which = "entry" if "entry" in column else "bytes"
        return [bytes(row[0]) for row in db.execute(f"SELECT {which} FROM {name}")]


# --- operators ---------------------------------------------------------------------------------


def test_some_roles_are_held_apart_and_somebody_stays_administrator(shop):
    assert code_of(lambda: authority.add(shop.ws, "x", ["custodian", "dpo"])) == "roles-apart"
    assert code_of(lambda: authority.add(shop.ws, "x", ["admin", "auditor"])) == "roles-apart"
    assert code_of(lambda: authority.add(shop.ws, "x", ["boss"])) == "unknown-role"
    assert code_of(lambda: authority.remove(shop.ws, "officer")) == "last-admin"
    assert code_of(lambda: authority.add(shop.ws, "officer", ["dpo"])) == "last-admin"
    authority.add(shop.ws, "x", ["dpo"])
    authority.remove(shop.ws, "x")
    assert code_of(lambda: authority.remove(shop.ws, "x")) == "unknown-operator"


def test_a_plan_survives_writing_and_reading(shop):
    plan = planned(shop, write(shop, **FAN), count=True)
    assert Plan.decode(plan.encode()) == plan
