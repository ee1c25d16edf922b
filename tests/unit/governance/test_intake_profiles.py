# SPDX-License-Identifier: Apache-2.0
"""Attributes of people in a real workspace: sealed, merged, never decided in silence."""

import pytest
from sqlalchemy import text

from audit.errors import BadInput, Refused
from governance.intake import profiles
from governance.store import bitmaps
from tests.intake import a_file, a_map, read
from tests.workshop import a_workspace

CITY = {"city": {"column": "city", "category": "user.contact.address.city"}}


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def bring(ws, folder, content, name="members.csv", **parts):
    parts = {"attributes": CITY, **parts}
    (report,) = profiles.ingest(ws, [a_file(folder, content, name)], a_map("ProfileMap", **parts))
    return report


def opened(ws, customer):
    """The attributes of a person, all classes together."""
    who = ws.people.find("customer", [customer])[customer]
    with ws.store.read() as connection:
        cells = connection.execute(
            text("SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = :s"),
            {"s": who},
        ).all()
    found = {}
    for _, _, values in ws.people.unseal([tuple(cell) for cell in cells]):
        found |= values
    return found


def standing(ws, customer):
    who = ws.people.find("customer", [customer])[customer]
    with ws.store.read() as connection:
        row = connection.execute(
            text("SELECT regime, age_class FROM subject WHERE subject_id = :s"), {"s": who}
        ).one()
        sets = {
            name
            for kind in ("regime:", "age:")
            for name in bitmaps.names(connection, kind)
            if who in bitmaps.members(connection, name)
        }
    assert sets == {f"regime:{row.regime}", f"age:{row.age_class}"}
    return tuple(row)


@pytest.mark.law("GDPR-32", "CN-PIPL-51")
def test_attributes_are_sealed_and_stand_nowhere_in_clear(ws, tmp_path):
    report = bring(ws, tmp_path, "customer,city\nA1,Kaltenbrunn\nB2,\n")
    assert (report.added, report.people, report.new_people) == (2, 2, 2)
    assert opened(ws, "A1") == {"city": "Kaltenbrunn"}
    assert opened(ws, "B2") == {}
    ws.close()
    for path in ws.paths.root.rglob("*"):
        if path.is_file():
            assert b"Kaltenbrunn" not in path.read_bytes(), path


@pytest.mark.law("CN-PIPL-51")
def test_each_class_has_a_blob_of_its_own(ws, tmp_path):
    attributes = {
        **CITY,
        "faith": {
            "column": "faith",
            "category": "user.demographic.religious_belief",
            "class": "sensitive",
        },
    }
    bring(ws, tmp_path, "customer,city,faith\nA,Rome,none\n", attributes=attributes)
    with ws.store.read() as connection:
        classes = connection.execute(text("SELECT class_id FROM sealedblob ORDER BY 1")).scalars()
        assert list(classes) == [1, 2]
    assert opened(ws, "A") == {"city": "Rome", "faith": "none"}


def test_what_a_second_file_does_not_say_stays(ws, tmp_path):
    both = {**CITY, "job": {"column": "job", "category": "user.job_title"}}
    bring(ws, tmp_path, "customer,city,job\nA,Rome,cook\nB,Bern,smith\n", attributes=both)
    bring(ws, tmp_path, "customer,city\nA,Pisa\nB,\n", name="second.csv")
    assert opened(ws, "A") == {"city": "Pisa", "job": "cook"}
    assert opened(ws, "B") == {"city": "Bern", "job": "smith"}


def test_the_same_file_again_changes_nothing(ws, tmp_path):
    bring(ws, tmp_path, "customer,city\nA,Rome\n")
    assert bring(ws, tmp_path, "customer,city\nA,Rome\n").state == "nothing-to-do"


def test_values_are_renamed_as_the_mapping_says(ws, tmp_path):
    attributes = {"city": {**CITY["city"], "values": {"HZ": "Hangzhou"}}}
    bring(ws, tmp_path, "customer,city\nA,HZ\nB,Bern\n", attributes=attributes)
    assert (opened(ws, "A"), opened(ws, "B")) == ({"city": "Hangzhou"}, {"city": "Bern"})


TWICE = "customer,city\nA,Rome\nA,Bern\nB,Oslo\nB,Oslo\nB,\n"


def test_of_two_values_for_one_person_neither_wins_in_silence(ws, tmp_path):
    bring(ws, tmp_path, "customer,city\nA,Pisa\n", name="before.csv")
    report = bring(ws, tmp_path, TWICE)
    assert report.findings == {"contradicting-attributes": 1}
    assert (opened(ws, "A"), opened(ws, "B")) == ({"city": "Pisa"}, {"city": "Oslo"})


@pytest.mark.parametrize(("rule", "city"), [("first", "Rome"), ("last", "Bern")])
def test_the_first_or_last_value_wins_when_the_mapping_says_so(ws, tmp_path, rule, city):
    report = bring(ws, tmp_path, TWICE, contradiction=rule)
    assert opened(ws, "A") == {"city": city}
    assert report.findings == {"contradicting-attributes": 1}
    assert any(f"the {rule} row holds" in line for line in report.rules)


def test_a_file_with_contradictions_is_refused_when_the_mapping_says_so(ws, tmp_path):
    with pytest.raises(Refused) as caught:
        bring(ws, tmp_path, TWICE, contradiction="refuse")
    assert caught.value.code == "contradicting-attributes"
    with ws.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sealedblob")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM subject")).scalar() == 0


BANDS = {"column": "age", "values": {"child": "0-12", "teen": "14-15", "adult": "18+"}}


def test_regime_and_age_band_are_told_to_the_gate(ws, tmp_path):
    regime = {"column": "land", "values": {"DE": "gdpr", "CN": "pipl_cn"}}
    content = "customer,city,age,land\nA,x,adult,DE\nB,x,teen,CN\nC,x,,\nD,x,robot,US\n"
    report = bring(ws, tmp_path, content, age=BANDS, regime=regime)
    assert standing(ws, "A") == ("gdpr", "18+")
    assert standing(ws, "B") == ("pipl_cn", "14-15")
    assert standing(ws, "C") == standing(ws, "D") == ("gdpr", "unknown")
    assert report.findings == {"unknown-age": 1, "unknown-regime": 1, "people-under-18": 1}


def test_a_person_moves_from_one_set_to_another(ws, tmp_path):
    bring(ws, tmp_path, "customer,city,age\nA,x,teen\nB,x,adult\n", age=BANDS)
    bring(ws, tmp_path, "customer,city,age\nA,x,adult\nB,x,\n", name="later.csv", age=BANDS)
    assert standing(ws, "A") == standing(ws, "B") == ("gdpr", "18+")


def test_of_two_ages_the_younger_band_holds(ws, tmp_path):
    content = "customer,city,age\nA,x,adult\nA,x,teen\n"
    report = bring(ws, tmp_path, content, age=BANDS)
    assert standing(ws, "A") == ("gdpr", "14-15")
    assert report.findings["contradicting-age"] == 1


@pytest.mark.law("GDPR-25")
@pytest.mark.parametrize(
    ("means", "value", "band"),
    [
        ("years", "12", "0-12"),
        ("years", "13", "13"),
        ("years", "15", "14-15"),
        ("years", "16.9", "16-17"),
        ("years", "18", "18+"),
        ("years", "-1", None),
        ("years", "200", None),
        ("years", "old", None),
        ("birth_date", "2008-03-01", "18+"),
        ("birth_date", "2008-03-02", "16-17"),
        ("birth_date", "2013-03-01", "13"),
        ("birth_date", "2027-01-01", None),
        ("birth_year", "2008", "16-17"),
        ("birth_year", "2007", "18+"),
        ("birth_year", "2026", "0-12"),
    ],
)
def test_only_the_band_of_an_age_is_kept(tmp_path, means, value, band):
    from tagging.intake.people import BANDS as NAMES

    path = a_file(tmp_path, f"customer,age\nA,{value}\n")
    mapping = a_map("ProfileMap", age={"column": "age", "means": means})
    result = read(path, mapping)
    (row,) = result.rows
    assert (None if row["age"] is None else NAMES[row["age"]]) == band
    assert result.findings == ({} if band else {"unknown-age": 1})


def test_a_row_without_a_subject_is_put_aside(ws, tmp_path):
    rows = "".join(f"C{n},x\n" for n in range(30))
    report = bring(ws, tmp_path, f"customer,city\n{rows},Rome\n")
    assert report.bad == {"no-subject": 1}


def codes_of(ws, tmp_path, **parts):
    with pytest.raises(BadInput) as caught:
        bring(ws, tmp_path, "customer,city\nA,x\n", **parts)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.law("CN-PIPL-51")
def test_a_sensitive_category_cannot_be_called_ordinary(ws, tmp_path):
    attributes = {"faith": {"column": "city", "category": "user.demographic.religious_belief"}}
    assert codes_of(ws, tmp_path, attributes=attributes) == ["class-too-low"]


def test_a_category_that_no_pack_knows_is_refused(ws, tmp_path):
    attributes = {"city": {"column": "city", "category": "user.contact.adress.city"}}
    assert codes_of(ws, tmp_path, attributes=attributes) == ["unknown-data-category"]


def test_an_attribute_keeps_its_category(ws, tmp_path):
    bring(ws, tmp_path, "customer,city\nA,x\n", name="before.csv")
    attributes = {"city": {"column": "city", "category": "user.contact.address.state"}}
    assert codes_of(ws, tmp_path, attributes=attributes) == ["attribute-differs"]


def test_people_of_events_and_profiles_are_the_same_people(ws, tmp_path):
    from governance.intake import events
    from tests.intake import an_order_file

    events.ingest(ws, [an_order_file(tmp_path, "007,2026-01-05,1,a,1,1")], a_map())
    report = bring(ws, tmp_path, "customer,city\n007,Rome\n")
    assert report.new_people == 0
    assert opened(ws, "007") == {"city": "Rome"}
