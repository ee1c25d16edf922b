# SPDX-License-Identifier: Apache-2.0
"""The access package: who may make it, what is in it, that it is safe, and that it reads as it did."""

import csv
import io
import json
import re
import stat
import sys
import tracemalloc
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from audit.evidence.entry import ACTS, MAX_BYTES, ROOM, Entry
from governance import access, authority, fairness, operator_key, subject
from governance.access import sealing
from governance.access.schema import AccessPackage
from governance.access.sections import SECTIONS
from governance.access.trail import ACTS as NAMED
from governance.cli.policy_show import json_schema
from governance.explaining import explain
from governance.registry import PLACES
from tests.access import PERSON, PURPOSE, a_shop
from tests.auditing import a_duty, a_policy
from tests.workshop import OFFICER, as_reviewer, code_of

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "access"


@pytest.fixture
def shop(tmp_path, request):
    opened = a_shop(tmp_path / "ws", request, "person")
    yield opened
    opened.close()


@pytest.fixture
def person(shop):  # noqa: ARG001  (the shop has the person in it)
    return PERSON[0]


@pytest.fixture
def golden(request):
    def compare(name, got):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(got)
        assert got.decode("utf-8") == path.read_text("utf-8")

    return compare


def package(shop, who, folder, **more):
    """The package in JSON, read back."""
    out = folder / "package.json"
    access.export(shop.ws, who, out, form="json", force=True, **more)
    return json.loads(out.read_text("utf-8"))


def records(found, code):
    return next(section["records"] for section in found["sections"] if section["code"] == code)


def test_a_tag_that_the_policy_of_audits_stops_is_told_as_stored_and_not_in_use(
    shop, person, tmp_path
):
    before = records(package(shop, person, tmp_path), "tags")
    assert next(one for one in before if one["tag"] == "interest.tea")["used"] == "yes"
    fairness.apply(shop.ws, a_policy(audits=[a_duty(tags={})]))
    found = records(package(shop, person, tmp_path), "tags")
    (tea,) = (one for one in found if one["tag"] == "interest.tea")
    assert tea["used"].startswith("no: the shop has stopped it")
    assert "We noted" not in str(tea["why"])


@pytest.mark.law("GDPR-15")
def test_every_place_of_people_is_read_or_withheld_with_a_reason_and_no_other():
    read = {section.place for section in SECTIONS}
    withheld = {place.code for place in PLACES if place.withheld}
    assert read | withheld == {place.code for place in PLACES}
    assert read & withheld == set()


def test_sections_have_names_of_their_own_and_words_in_both_languages():
    assert len({section.code for section in SECTIONS}) == len(SECTIONS)
    for section in SECTIONS:
        for text_ in (section.title, *(field.title for field in section.fields)):
            assert text_.en, section.code
            assert re.search(r"[\u4e00-\u9fff]", text_.zh), (section.code, text_)


def test_every_act_that_names_a_person_has_words():
    call = re.compile(r'entry\(\s*"([a-z.-]+)",\s*subject_id=')
    used = {
        act
        for path in (ROOT / "governance").rglob("*.py")
        for act in call.findall(path.read_text("utf-8"))
    }
    assert used >= {"read.subject", "access.exported"}
    assert used <= NAMED.keys() <= ACTS


@pytest.mark.law("GDPR-15", "CN-PIPL-44-45", "CA-110")
@pytest.mark.parametrize("name", ["full.en.html", "full.zh.html", "full.en.json", "full.zh.json"])
def test_a_package_reads_as_it_did(shop, person, golden, tmp_path, name):
    _, language, form = name.split(".")
    out = tmp_path / "out"
    access.export(shop.ws, person, out, form=form, language=language)
    golden(name, out.read_bytes())


@pytest.mark.law("GDPR-20", "CN-PIPL-44-45")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_taken_along_was_given_or_observed_and_not_inferred(
    shop, person, golden, tmp_path, language
):
    out = tmp_path / "out"
    access.export(shop.ws, person, out, form="json", language=language, portable=True)
    golden(f"portable.{language}.json", out.read_bytes())
    found = json.loads(out.read_bytes())
    assert found["kind"] == "PortablePackage"
    places = {section["place"] for section in found["sections"] if section["records"]}
    assert places == {
        "keystore.name",
        "store.sealedblob",
        "store.consentevent",
        "store.choiceevent",
        "store.liveevent",
        "file.lake",
    }
    assert "interest.tea" not in out.read_text("utf-8")


@pytest.mark.law("GDPR-15", "CN-PIPL-44-45", "CA-110")
def test_a_tag_comes_with_its_reason_purpose_basis_recipients_and_retention(shop, person, tmp_path):
    (tag,) = records(package(shop, person, tmp_path), "tags")
    assert (tag["tag"], tag["used"]) == ("interest.tea", "yes")
    assert any("2 orders" in line or "3 orders" in line for line in tag["why"])
    assert tag["purposes"] == ["Offers <for you> (on the basis of: consent)"]
    assert tag["recipients"] == ["processors that act for the shop"]
    assert tag["kept"].startswith("30 days")
    assert tag["sources"] == ["purchase history (user.behavior.purchase_history)"]
    (past,) = records(package(shop, person, tmp_path), "past-tags")
    assert (past["tag"], past["ended"]) == ("interest.cup", "you decided so")


def test_a_tag_that_is_permitted_no_longer_is_handed_out_all_the_same(shop, person, tmp_path):
    with shop.ws.store.write() as unit:  # as if a withdrawal had not ended it yet
        unit.connection.execute(text("UPDATE assignment SET valid_to = NULL, closed_by = NULL"))
    held = {tag["tag"]: tag for tag in records(package(shop, person, tmp_path), "tags")}
    assert held["interest.cup"]["used"].startswith("no")
    assert any("block" in line for line in held["interest.cup"]["why"])


@pytest.mark.law("GDPR-15")
def test_every_look_at_a_person_is_in_their_package_and_that_of_no_other(shop, person, tmp_path):
    other = shop.admits("C-2002")
    subject.show(shop.ws, person, PURPOSE)
    explain(shop.ws, other, None, depth="officer")
    shop.ws.evidence.drain()
    trail = records(package(shop, person, tmp_path), "trail")
    looks = [(entry["act"], entry["purpose"]) for entry in trail]
    assert ("your data were looked at", "Offers <for you>") in looks
    assert "your tags were explained" not in [act for act, _ in looks]
    (explained,) = records(package(shop, other, tmp_path), "trail")
    assert explained["act"] == "your tags were explained"


@pytest.mark.law("GDPR-15")
def test_a_package_is_in_the_next_one_with_its_counts(shop, person, tmp_path):
    first = package(shop, person, tmp_path)
    (entry,) = [
        entry
        for entry in records(package(shop, person, tmp_path), "trail")
        if entry["act"] == "a copy of your data was made for you"
    ]
    for place, count in first["counts"].items():
        assert f"{place}: {count}" in entry["details"]


def test_a_signed_look_is_found_like_any_other(shop, person, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    public, _ = operator_key.make(shop.ws, OFFICER.ref)
    authority.add(shop.ws, OFFICER.name, ["admin", "dpo"], public)
    before = len(records(package(shop, person, tmp_path), "trail"))
    subject.show(shop.ws, person, PURPOSE)
    shop.ws.evidence.drain()
    assert any(b'"sig"' in e and b"read.subject" in e for e in shop.ws.evidence.entries())
    trail = records(package(shop, person, tmp_path), "trail")
    assert [entry["act"] for entry in trail[before:]] == [
        "a copy of your data was made for you",
        "your data were looked at",
    ]


def test_the_entry_of_the_largest_package_is_small_enough_to_be_signed():
    facts = {section.place: 10**9 for section in SECTIONS} | {"form": "csv-zip"}
    facts |= {"portable": False, "encrypted": False}
    actor, request = "op:" + "0" * 16, "req-" + "0" * 16
    entry = Entry("access.exported", 10**12, actor, "dpo", request, "0" * 32, facts, "0" * 128)
    assert len(entry.encode()) <= MAX_BYTES - ROOM


def test_what_waits_in_the_outbox_is_not_forgotten(shop, person, tmp_path):
    shop.ws.store.after_commit = lambda: None
    subject.show(shop.ws, person, PURPOSE)
    (waiting,) = records(package(shop, person, tmp_path), "trail-waiting")
    assert waiting["act"] == "your data were looked at"


def test_a_package_fits_its_published_schema_and_another_does_not(shop, person, tmp_path):
    schema = json_schema("access")
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    for portable in (False, True):
        found = package(shop, person, tmp_path, portable=portable)
        assert [error.message for error in check.iter_errors(found)] == []
        AccessPackage.model_validate(found)
        assert sum(found["counts"].values()) == sum(len(s["records"]) for s in found["sections"])
    assert not check.is_valid(found | {"colour": "red"})


def test_only_their_owner_may_read_it_and_nothing_is_left_beside_it(shop, person, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    access.export(shop.ws, person, out / "me.html")
    assert [path.name for path in out.iterdir()] == ["me.html"]
    assert stat.S_IMODE((out / "me.html").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["me.html", "data/me.html", "../shop/me.html"])
def test_it_is_never_written_into_the_workspace(shop, person, name):
    root = shop.ws.paths.root
    made = code_of(lambda: access.export(shop.ws, person, root / name))
    assert made == "inside-workspace"


def test_a_file_that_is_there_is_kept_unless_forced(shop, person, tmp_path):
    out = tmp_path / "me.html"
    out.write_text("mine")
    assert code_of(lambda: access.export(shop.ws, person, out)) == "file-exists"
    assert out.read_text() == "mine"
    access.export(shop.ws, person, out, force=True)
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_without_its_entry_there_is_no_file(shop, person, tmp_path, monkeypatch):
    def broken(*_arguments, **_facts):
        raise RuntimeError("no evidence")

    out = tmp_path / "me.html"
    monkeypatch.setattr(shop.ws.evidence, "entry", broken)
    with pytest.raises(RuntimeError):
        access.export(shop.ws, person, out)
    assert not list(tmp_path.glob("*me.html*"))


def test_a_folder_or_a_missing_one_is_a_fault_that_names_the_way_out(shop, person, tmp_path):
    assert code_of(lambda: access.export(shop.ws, person, tmp_path)) == "file-unwritable"
    there = tmp_path / "nowhere" / "me.html"
    assert code_of(lambda: access.export(shop.ws, person, there)) == "file-unwritable"


@pytest.mark.slow
def test_an_encrypted_package_opens_with_its_words_only(shop, person, tmp_path):
    age = pytest.importorskip("pyrage")
    done = access.export(shop.ws, person, tmp_path / "me.age", form="json", encrypt=True)
    sealed = (tmp_path / "me.age").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> scrypt")
    assert done.size == len(sealed)
    assert done.passphrase not in repr(done)
    found = json.loads(age.passphrase.decrypt(sealed, done.passphrase))
    assert found["counts"] == done.counts
    with pytest.raises(age.DecryptError):
        age.passphrase.decrypt(sealed, done.passphrase[:-1])
    again = access.export(shop.ws, person, tmp_path / "you.age", encrypt=True)
    assert again.passphrase != done.passphrase


def test_the_words_hold_all_their_random_bits():
    words = {sealing._word(bits) for bits in range(2**16)}
    assert len(words) == 2**16
    assert all(re.fullmatch("([a-z]{5})", word) for word in words)


def test_without_the_library_nothing_is_written_in_clear(shop, person, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    out = tmp_path / "me.age"
    assert code_of(lambda: access.export(shop.ws, person, out, encrypt=True)) == "age-not-installed"
    assert not out.exists()


def test_it_takes_the_role_for_requests_or_the_officer(shop, person, tmp_path):
    def try_as(*roles):
        authority.add(shop.ws, "reviewer", roles)
        out = tmp_path / f"{roles[0]}.html"
        return as_reviewer(shop.ws, lambda: code_of(lambda: access.export(shop.ws, person, out)))

    assert try_as("analyst") == try_as("auditor") == try_as("tagger") == "not-permitted"
    assert try_as("dsr") == try_as("dpo") == ""


@pytest.mark.law("CA-110")
def test_tables_are_for_spreadsheets_which_compute_nothing(shop, person, tmp_path):
    out = tmp_path / "me.zip"
    access.export(shop.ws, person, out, form="csv-zip", language="zh")
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        files = {
            name.partition("-")[2]: list(
                csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
            )
            for name in archive.namelist()
        }
    bought = files["events.csv"]
    assert [row["商品"] for row in bought] == ["'=1+1"] * 3
    assert {row["金额"] for row in bought} == {"-366.98"}
    assert files["identities.csv"] == [{"类型": "客户编号", "内容": "C-1001"}]
    assert len(files["withheld.csv"]) == sum(bool(place.withheld) for place in PLACES)


class Page(HTMLParser):
    """Collects what a screen reader goes by."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.ids, self.links, self.labels, self.levels = [], set(), [], [], []
        self.language = ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.links.append(given["href"])
        if "aria-labelledby" in given:
            self.labels.append(given["aria-labelledby"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "html":
            self.language = given["lang"]


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-CN")])
def test_the_page_is_one_file_that_a_screen_reader_finds_its_way_in(
    shop, person, tmp_path, language, lang
):
    out = tmp_path / "me.html"
    access.export(shop.ws, person, out, language=language)
    markup = out.read_text("utf-8")
    page = Page(markup)
    assert page.language == lang
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "link", "iframe"} & set(names)
    assert not re.search(r"https?://", markup)
    assert {"header", "nav", "main"} <= set(names)
    assert page.levels[0] == 1
    assert set(page.levels[1:]) == {2}
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert set(page.labels) <= page.ids
    assert all("scope" in given for tag, given in page.tags if tag == "th")
    assert "&lt;Köln&gt;" in markup
    assert "<Köln>" not in markup


def test_both_languages_say_the_same_and_the_chinese_page_has_no_english_words(
    shop, person, tmp_path
):
    english = package(shop, person, tmp_path, language="en")
    chinese = package(shop, person, tmp_path, language="zh")
    for one, other in zip(english["sections"], chinese["sections"], strict=True):
        assert [f["code"] for f in one["fields"]] == [f["code"] for f in other["fields"]]
    held = [records(found, "tags")[0] for found in (english, chinese)]
    assert held[0].keys() == held[1].keys()
    told = [held[1][code] for code in ("name", "used", "kept", "effect", "kind")]
    assert all(re.search(r"[\u4e00-\u9fff]", line) for line in told)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_events_of_a_person(shop, tmp_path):
    who = shop.admits("C-3003")
    with shop.ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
                "VALUES (:s, :t, 0, 'purchase', :f)"
            ),
            [
                {"s": who, "t": number * 1_000_000, "f": '{"event_type": "purchase", "amount": 5}'}
                for number in range(30_000)
            ],
        )
    shop.stores()
    for form in access.FORMS:
        tracemalloc.start()
        try:
            done = access.export(shop.ws, who, tmp_path / form, form=form)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert done.counts["file.lake"] == 30_000
        assert peak < 6_000_000, (form, peak)
