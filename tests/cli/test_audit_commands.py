# SPDX-License-Identifier: Apache-2.0
"""The commands of audits: exit codes, files, both languages, nothing counted for a file that cannot be."""

import hashlib
import json

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from governance.cli.app import app
from governance.intake import events
from policies.vocabulary import codes
from tests.auditing import Gated, Planted, a_duty, a_policy
from tests.bias import STARTER
from tests.intake import a_map, an_order_file

SKEWED = {"f": 0.1, "m": 0.3, None: 0.2}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    planted = Planted(folder)
    said = planted.genders()
    planted.tagged("offer.gold", SKEWED, said)
    planted.tagged("offer.even", dict.fromkeys(SKEWED, 0.3), said)
    bought = [  # women pay five percent more for the same
        f"C{n},2024-09-0{day} 10:00:00,{n}-{day},milk,1,{'2.10' if value == 'f' else '2.00'}"
        for n, value in enumerate(said)
        for day in (1, 2)
    ]
    events.ingest(planted.ws, [an_order_file(folder, *bought)], a_map())
    planted.close()
    settings = folder / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('# fixed = ""', 'fixed = "2024-10-04T00:00:00Z"'), "utf-8")
    assert "2024-10-04" in settings.read_text("utf-8")
    return folder / "shop"


def tagwarden(shop, *words):
    return CliRunner().invoke(app, ["audit", *words, "-w", str(shop)])


def test_a_breach_ends_with_1_and_the_rest_with_0(shop):
    gold = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender")
    assert gold.exit_code == 1, gold.output
    assert tagwarden(shop, "bias", "--tag", "offer.even", "--by", "gender").exit_code == 0
    assert tagwarden(shop, "leak", "--by", "gender").exit_code == 1
    assert tagwarden(shop, "leak", "--by", "gender", "--tag", "offer.even").exit_code == 0


def test_prices_end_with_1_where_a_group_pays_more(shop, tmp_path):
    out = tmp_path / "prices.json"
    done = tagwarden(shop, "price", "--by", "gender", "--out", str(out), "--json")
    assert done.exit_code == 1, done.output
    (made,) = json.loads(done.stdout)["reports"]
    assert hashlib.sha256(out.read_bytes()).hexdigest() == made["sha256"]
    assert tagwarden(shop, "show", made["report"]).stdout.startswith("Prices like for like")
    assert tagwarden(shop, "price", "--by", "tag:offer.even").exit_code == 0
    early = tagwarden(shop, "price", "--by", "gender", "--to", "2024-08-01")
    assert early.exit_code == 0
    assert "This does not say that prices are fair" in early.stdout
    assert tagwarden(shop, "price", "--by", "height").exit_code == 4
    policy = tmp_path / "fairness.yaml"
    policy.write_text(STARTER.read_text("utf-8").replace("[item, day]", "[item, channel]"), "utf-8")
    unlike = tagwarden(shop, "price", "--by", "gender", "--policy", str(policy))
    assert unlike.exit_code == 2
    assert "[price-columns]" in unlike.output


def test_the_file_is_what_the_digest_is_over(shop, tmp_path):
    out = tmp_path / "report.json"
    done = tagwarden(
        shop, "bias", "--tag", "offer.even", "--by", "gender", "--out", str(out), "--json"
    )
    (report,) = json.loads(done.stdout)["reports"]
    assert hashlib.sha256(out.read_bytes()).hexdigest() == report["sha256"]
    again = tmp_path / "again.json"
    assert tagwarden(shop, "show", report["report"], "--out", str(again)).exit_code == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(("language", "word"), [("en", "beyond the limit"), ("zh", "超出限度")])
def test_a_page_in_each_language(shop, tmp_path, language, word):
    out = tmp_path / "page.html"
    tagwarden(shop, "bias", "--tag", "offer.gold", "--tag", "offer.even", "--by", "gender",
              "--out", str(out), "--lang", language)  # fmt: skip
    assert word in out.read_text("utf-8")
    assert out.read_text("utf-8").count("<article>") == 2


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--out", "report.pdf"), "report-format"),
        (("--out", "no-such-folder/report.html"), "file-unwritable"),
        (("--lang", "fr"), "unknown-language"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_opened(shop, more, code):
    before = len(tagwarden(shop, "list").stdout.splitlines())
    done = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender", *more)
    assert done.exit_code == 2
    assert f"[{code}]" in done.output
    assert len(tagwarden(shop, "list").stdout.splitlines()) == before


def test_several_reports_make_one_document(shop, tmp_path):
    out = tmp_path / "all.json"
    tagwarden(
        shop,
        "bias",
        "--tag",
        "offer.gold",
        "--tag",
        "offer.even",
        "--by",
        "gender",
        "--out",
        str(out),
    )
    whole = json.loads(out.read_bytes())
    assert whole["kind"] == "BiasReports"
    assert [one["identity"]["tag"] for one in whole["reports"]] == ["offer.gold", "offer.even"]


def test_a_policy_with_mistakes_says_all_of_them(shop, tmp_path):
    policy = tmp_path / "fairness.yaml"
    policy.write_text("apiVersion: tagwarden/v1\nkind: FairnessPolicy\nkey: x\nalpha: 7\n", "utf-8")
    done = tagwarden(shop, "bias", "--tag", "offer.gold", "--by", "gender", "--policy", str(policy))
    assert done.exit_code == 2
    assert done.output.count("fairness.yaml:") > 5


@pytest.fixture
def gated(tmp_path):
    opened = Gated(tmp_path)
    opened.close()
    settings = tmp_path / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('# fixed = ""', 'fixed = "2024-10-04T00:00:00Z"'), "utf-8")
    return tmp_path / "shop"


def call(shop, *words, **environment):
    done = CliRunner().invoke(app, [*words, "-w", str(shop)], env=environment)
    return done.exit_code, done.output


def policy_file(folder, version=1, **duty):
    path = folder / "fairness.yaml"
    document = a_policy(version=version, audits=[a_duty(**duty)]).document()
    path.write_text(yaml.safe_dump(document), "utf-8")
    return str(path)


def test_from_policy_to_finding_to_waiver_and_back(gated, tmp_path):
    code, said = call(gated, "audit", "policy", "apply", policy_file(tmp_path))
    assert (code, "stopped: offer.gold" in said) == (0, True)
    assert call(gated, "audit", "bias", "--tag", "offer.gold")[0] == 1
    (one,) = json.loads(call(gated, "audit", "findings", "--open", "--json")[1])["findings"]
    assert (one["tag"], one["group"], one["state"]) == ("offer.gold", "gender=f", "open")
    for columns in ("suspended", "audit-breach"):
        assert columns in call(gated, "tag", "list")[1]
    assert "存在未豁免" in call(gated, "tag", "show", "offer.gold", "--lang", "zh")[1]
    note = tmp_path / "note.txt"
    note.write_text("The board has looked at it.", "utf-8")
    given = ("audit", "waive", one["finding"], "--owner", "team", "--reason", "genuine-need")
    given = (*given, "--until", "2024-10-31", "--note", str(note))
    assert "[own-finding]" in call(gated, *given, TAGWARDEN_ACTOR="officer")[1]
    call(gated, "operator", "add", "mei", "--role", "dpo", TAGWARDEN_ACTOR="officer")
    code, said = call(gated, *given, TAGWARDEN_ACTOR="mei")
    assert (code, "2024-11-01T00:00:00Z" in said) == (0, True)
    tag = json.loads(call(gated, "tag", "show", "offer.gold", "--json")[1])
    assert (tag["audit"], tag["stopped"], tag["state"]) == ("", False, "active")
    code, said = call(gated, "audit", "revoke", one["finding"], TAGWARDEN_ACTOR="mei", LANG="C")
    assert (code, "open" in said) == (0, True)


def test_a_laxer_policy_is_shown_and_approved_by_another(gated, tmp_path):
    call(gated, "audit", "policy", "apply", policy_file(tmp_path))
    code, said = call(gated, "audit", "policy", "apply", policy_file(tmp_path, 2, breach="warn"))
    assert (code, "may be laxer in: audits" in said) == (0, True)
    waiting = json.loads(call(gated, "audit", "policy", "show", "--proposed", "--json")[1])
    call(gated, "operator", "add", "mei", "--role", "dpo", TAGWARDEN_ACTOR="officer")
    approve = ("audit", "policy", "approve", "--digest", waiting["digest"][:12])
    assert call(gated, *approve, TAGWARDEN_ACTOR="mei")[0] == 0
    assert yaml.safe_load(call(gated, "audit", "policy", "show")[1])["version"] == 2
    states = [
        line.split("\t")[1:3] for line in call(gated, "audit", "policy", "list")[1].splitlines()
    ]
    assert states[1:] == [["2", "in_force"], ["2", "proposed"], ["1", "in_force"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("audit", "policy", "show"), "no-fairness-policy"),
        (("audit", "policy", "approve", "--digest", "0" * 8), "no-proposal"),
        (("audit", "revoke", "finding-0"), "unknown-finding"),
        (
            ("audit", "waive", "x", "--owner", "o", "--reason", "r", "--until", "soon"),
            "bad-time",
        ),
        (
            ("audit", "waive", "x", "--owner", "o", "--reason", "r", "--until", "9999-12-31"),
            "bad-time",
        ),
        (
            ("audit", "waive", "x", "--owner", "o", "--reason", "r", "--until", "2030-01-01",
             "--note", "nowhere.txt"),
            "bad-note",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_code(gated, words, code):
    assert f"[{code}]" in call(gated, *words)[1]


def test_the_reasons_of_a_waiver_stand_in_its_help():
    said = "".join(CliRunner().invoke(app, ["audit", "waive", "--help"]).output.split())
    assert [code for code in codes("waiver") if code not in said] == []


def test_compliance_ends_with_1_when_something_is_not_met_and_says_what(shop, tmp_path):
    out = tmp_path / "report.json"
    done = tagwarden(shop, "compliance", "--regime", "gdpr", "--out", str(out))
    assert done.exit_code == 1
    assert "not met: GDPR-30 (GDPR Art. 30(1))" in done.stdout
    made = json.loads(out.read_text("utf-8"))
    assert made["kind"] == "ComplianceReport"
    assert hashlib.sha256(out.read_bytes()).hexdigest() in done.stdout
    again = tagwarden(shop, "show", "gdpr", "--json")
    assert json.loads(again.stdout)["reports"][0]["document"] == made
    assert tagwarden(shop, "compliance", "--out", "x.pdf").exit_code == 2


def test_compliance_reads_in_chinese_as_a_page(shop, tmp_path):
    out = tmp_path / "report.html"
    done = tagwarden(shop, "compliance", "--regime", "pipl_cn", "--out", str(out), "--lang", "zh")
    assert "不符合" in done.stdout
    assert "自动化决策" in out.read_text("utf-8")


def test_a_pack_is_written_with_its_proof_and_says_which_law_was_not_audited(shop, tmp_path):
    out = tmp_path / "audit.zip"
    asked = ("--from", "2024-10-04", "--to", "2026-12-31", "--out", str(out))
    done = tagwarden(shop, "pack", *asked, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == data["sha256"]
    assert (tmp_path / "audit.zip.tlog-proof").is_file()
    assert tagwarden(shop, "pack", "--from", "x", "--to", "y", "--out", str(out)).exit_code == 2


def test_with_noise_it_is_paid_for_once_listed_and_fits_its_schema(gated, tmp_path):
    path = tmp_path / "listed.yaml"
    path.write_text(yaml.safe_dump(a_policy(orders={"gender": ["f", "m"]}).document()), "utf-8")
    ask = ("audit", "bias", "--tag", "offer.gold", "--policy", str(path), "--by", "gender")
    code, said = call(gated, *ask, "--noise", "1")
    assert (code, "[budget-missing]" in said) == (3, True)
    call(gated, "budget", "set", "--epsilon", "4")
    code, said = call(gated, *ask, "--noise", "1", "--json")
    (made,) = json.loads(said)["reports"]
    schema = json.loads(CliRunner().invoke(app, ["policy", "schema", "noised-bias-report"]).output)
    jsonschema.validate(made["document"], schema)
    assert (code, made["status"]) == (1, "breach")
    code, said = call(gated, *ask, "--noise", "0.5", "--lang", "zh")
    assert (code, "未扣预算" in said, "每个数字都带有噪声" in said) == (1, True, True)
    listed = json.loads(call(gated, "audit", "list", "--json")[1])["reports"]
    assert [one["epsilon"] for one in listed] == ["1.0", "1.0"]
    assert "bias (epsilon 1.0)" in call(gated, "audit", "list")[1]
    records = json.loads(call(gated, "budget", "ledger", "--json")[1])["records"]
    assert [one["record"] for one in records] == ["reserved", "released"]
    for words in (("--noise", "1", "--causes"), ("--population", "gdpr"), ("--noise", "0")):
        code, said = call(gated, *ask, *words)
        assert code == 2, said
