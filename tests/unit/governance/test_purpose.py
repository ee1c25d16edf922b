# SPDX-License-Identifier: Apache-2.0
import pytest

from audit.errors import BadInput, Conflict, NotFound
from governance import consent, purpose
from governance.consent import ConsentFact
from tests.workshop import NOON, a_workspace

DOCUMENT = """
apiVersion: tagwarden/v1
kind: Purpose
key: recommending
name: {en: Recommendation, zh: 推荐}
says: {en: We recommend goods of our own., zh: 我们推荐自营商品。}
use: first_party_recommendation
personalised: true
retention: 365d
recipients: none
"""


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def apply(ws, tmp_path, text=DOCUMENT):
    path = tmp_path / "purposes.yaml"
    path.write_text(text, "utf-8")
    return [item.what for item in purpose.apply(ws, [path])]


def entries(ws):
    ws.evidence.drain()
    return ws.evidence.verify().size


def test_applying_twice_does_nothing_and_leaves_no_second_entry(ws, tmp_path):
    assert apply(ws, tmp_path) == ["new"]
    before = entries(ws)
    assert apply(ws, tmp_path) == ["unchanged"]
    assert entries(ws) == before
    assert apply(ws, tmp_path, DOCUMENT.replace("365d", "90d")) == ["changed"]
    assert entries(ws) == before + 1


@pytest.mark.law("GDPR-6-4", "CN-PIPL-14-2")
def test_a_purpose_that_people_answered_for_does_not_become_another(ws, tmp_path):
    apply(ws, tmp_path)
    with ws.store.write() as unit:
        fact = ConsentFact(1, "recommending", "given", "ordinary", NOON)
        consent.record(unit, fact, now=NOON)
    for changed in (
        DOCUMENT.replace("use: first_party_recommendation", "use: cross_context_advertising"),
        DOCUMENT.replace("recipients: none", "recipients: [third_party_ads]"),
        DOCUMENT.replace("personalised: true", "personalised: false"),
    ):
        with pytest.raises(Conflict) as caught:
            apply(ws, tmp_path, changed)
        assert caught.value.code == "purpose-in-use"
    assert apply(ws, tmp_path, DOCUMENT.replace("365d", "90d")) == ["changed"]


def test_without_answers_it_may_still_be_mended(ws, tmp_path):
    apply(ws, tmp_path)
    mended = DOCUMENT.replace("use: first_party_recommendation", "use: analytics")
    assert apply(ws, tmp_path, mended) == ["changed"]


def test_every_problem_of_every_document_is_reported_at_once(ws, tmp_path):
    bad = DOCUMENT.replace("retention: 365d", "retention: long").replace("use: first", "use: fist")
    with pytest.raises(BadInput) as caught:
        apply(ws, tmp_path, f"{bad}---{DOCUMENT}---{DOCUMENT}owner: nobody\n")
    codes = [problem.code for problem in caught.value.problems]
    assert codes.count("bad-value") >= 2
    assert "unknown-key" in codes
    with ws.store.read() as connection:
        assert purpose.purposes(connection) == {}


def test_a_key_that_is_stated_twice_is_refused(ws, tmp_path):
    with pytest.raises(BadInput) as caught:
        apply(ws, tmp_path, f"{DOCUMENT}---{DOCUMENT}")
    assert [problem.code for problem in caught.value.problems] == ["duplicate-purpose"]


def test_a_folder_gives_its_purposes_and_leaves_other_documents(ws, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.yaml").write_text(DOCUMENT, "utf-8")
    (folder / "b.yaml").write_text("kind: Tag\nkey: a.b\n", "utf-8")
    assert [item.what for item in purpose.apply(ws, [folder])] == ["new"]


def test_an_unknown_purpose_is_not_found_with_the_nearest_one(ws, tmp_path):
    apply(ws, tmp_path)
    with ws.store.read() as connection, pytest.raises(NotFound) as caught:
        purpose.purpose_named(connection, "recomending")
    assert "recommending" in caught.value.hint
