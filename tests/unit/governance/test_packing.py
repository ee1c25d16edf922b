# SPDX-License-Identifier: Apache-2.0
"""What an auditor outside gets of a period: the same bytes again, checked by one command, naming nobody."""

import json
import subprocess
import sys
from contextlib import closing
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from audit import offline_verifier
from audit.clock import DAY, FixedClock, Micros
from audit.evidence.reading import decode
from governance import authority
from governance.actor import Actor
from governance.auditing import limits
from governance.auditing.consent_audit import audit
from governance.complying import packing
from governance.complying.auditing import compliance
from governance.complying.packing import PROOF, build, pack
from governance.evidence.recorder import Evidence
from governance.store import private_file
from governance.store.unit import Unit
from tests.complying import Sound
from tests.desk import opened
from tests.keeping import kill, killed_in_a_child
from tests.shop import a_tag
from tests.workshop import NOON, code_of, reopened

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 1)
CANARIES = (
    "Zheng Canary",
    "canary@example.org",
    "C0-CANARY",
    "vegan-canary",
    "my own words canary",
)


@pytest.fixture
def shop(tmp_path):
    with closing(Sound(tmp_path, audited=False)) as found:
        yield found


def in_a(shop, days):
    shop.ws.clock = FixedClock(Micros(NOON + days * DAY))


def keys_of(shop, folder):
    path = folder / "keys"
    path.write_text("\n".join([*shop.ws.evidence.proofs.verifier_keys(), ""]), "ascii")
    return path


def checked(file, keys):
    """What the auditor's program says of a pack."""
    found = subprocess.run(
        [sys.executable, offline_verifier.__file__, "pack", file, "--keys", keys],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout


def said(file, keys, capsys):
    """The same in this process."""
    code = offline_verifier.main(["pack", str(file), "--keys", str(keys)])
    return code, capsys.readouterr().out


@pytest.mark.law("CN-PIPL-54")
def test_a_pack_is_whole_and_an_auditor_checks_it_with_one_command(shop, tmp_path):
    made = compliance(shop.ws, "gdpr")
    opened(shop.ws, "access", shop.who["gdpr"][0])
    packed = pack(shop.ws, FIRST, LAST, tmp_path / "march.zip")
    with ZipFile(tmp_path / "march.zip") as archive:
        names = archive.namelist()
        assert archive.read(f"reports/{made.name}.json") == made.bytes
        (line,) = json.loads(archive.read("requests/register.json"))["requests"]
        assert json.loads(archive.read("requests/metrics.json"))["kinds"][0]["received"] == 1
        assert archive.read("verifier.py") == Path(offline_verifier.__file__).read_bytes()
        entries = [decode(one) for one in archive.read("log/entries.jsonl").splitlines()]
    assert line["kind"] == "access"
    assert names == sorted(names)
    assert {f"reports/{made.name}.{one}.html" for one in ("en", "zh")} <= set(names)
    assert [entry.act for entry in entries][-2:] == ["audit.compliance", "request.opened"]
    assert packed.entries == len(entries)
    assert packed.missing == ("ccpa", "pipl_cn")
    code, text = checked(tmp_path / "march.zip", keys_of(shop, tmp_path))
    assert (code, text.split(":")[0]) == (0, "good")
    assert f"{len(names) - 1} files, entries 0 to {len(entries) - 1} of the log" in text


def test_a_period_that_is_over_gives_the_same_bytes_again(shop, tmp_path, capsys):
    compliance(shop.ws, "pipl_cn")
    keys = keys_of(shop, tmp_path)
    in_a(shop, 3)
    pack(shop.ws, FIRST, LAST, tmp_path / "a.zip")
    in_a(shop, 5)
    opened(shop.ws, "access", shop.who["gdpr"][0])
    compliance(shop.ws, "gdpr")
    pack(shop.ws, FIRST, LAST, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    for name in ("a.zip", "b.zip"):
        assert said(tmp_path / name, keys, capsys)[0] == 0
    assert build(shop.ws, FIRST, date(2026, 3, 6)).data != (tmp_path / "a.zip").read_bytes()


def test_only_the_period_is_in_it_and_the_log_before_it_stays_provable(shop, tmp_path, capsys):
    in_a(shop, 4)
    made = compliance(shop.ws, "ccpa")
    shop.ws.evidence.drain()
    packed = pack(shop.ws, date(2026, 3, 5), date(2026, 3, 5), tmp_path / "x.zip")
    assert [one.name for one in packed.reports] == [made.name]
    with ZipFile(tmp_path / "x.zip") as archive:
        log = json.loads(archive.read("manifest.json"))["log"]
        acts = [decode(one).act for one in archive.read("log/entries.jsonl").splitlines()]
    assert log["first"] > 0
    assert acts == ["audit.compliance"]
    code, text = said(tmp_path / "x.zip", keys_of(shop, tmp_path), capsys)
    assert (code, f"entries {log['first']} to {log['size'] - 1}" in text) == (0, True)


def test_a_period_without_entries_is_packed_too(shop, tmp_path, capsys):
    in_a(shop, 9)
    packed = pack(shop.ws, date(2026, 3, 8), date(2026, 3, 9), tmp_path / "x.zip")
    assert (packed.entries, packed.reports) == (0, ())
    assert said(tmp_path / "x.zip", keys_of(shop, tmp_path), capsys)[0] == 0


def forged(change):
    """Return a pack in which one file was changed, with its manifest made to fit."""

    def forge(data):
        with ZipFile(BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        change(files)
        out = BytesIO()
        with ZipFile(out, "w", ZIP_STORED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    return forge


@pytest.mark.parametrize(
    "forge",
    [
        lambda data: data.replace(b'"met"', b'"mex"'),
        lambda data: data + b" ",
        lambda data: data[:-1],
        lambda _: b"",
        forged(lambda files: files.pop("README.txt")),
        forged(lambda files: files.update({"log/entries.jsonl": b""})),
    ],
    ids=["a byte", "longer", "cut", "empty", "a file gone", "entries gone"],
)
def test_a_pack_that_was_touched_is_false(shop, tmp_path, capsys, forge):
    compliance(shop.ws, "gdpr")
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    data = (tmp_path / "x.zip").read_bytes()
    assert forge(data) != data
    (tmp_path / "x.zip").write_bytes(forge(data))
    code, text = said(tmp_path / "x.zip", keys_of(shop, tmp_path), capsys)
    assert (code, text.split(":")[0]) == (1, "FALSE")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda files: files.update({"README.txt": b"other"}), "not those of its manifest"),
        (lambda files: files.update({"more": b""}), "not those of its manifest"),
        ("report gone", "not those that its entries name"),
        ("report more", "not those that its entries name"),
        ("entries", "not those of its log"),
        ("leaves", "not the one that was signed"),
    ],
    ids=["file", "more", "report gone", "report more", "entries", "leaves"],
)
def test_whoever_has_the_log_key_cannot_sign_another_past(  # noqa: PLR0917
    shop, tmp_path, capsys, monkeypatch, change, why
):
    """The operator packs something else and signs its digest: the log itself says no."""
    compliance(shop.ws, "gdpr")
    real = packing.archive

    def false(files, about):
        if change == "entries":
            lines = files["log/entries.jsonl"].splitlines(keepends=True)
            files = {**files, "log/entries.jsonl": b"".join([*lines[:-1], lines[0]])}
        elif change == "report gone":
            files = {name: data for name, data in files.items() if not name.startswith("reports/")}
        elif change == "report more":
            files = {**files, "reports/audit-0.json": b"{}"}
        elif change == "leaves":
            (line,) = files["log/entries.jsonl"].splitlines(keepends=True)[-1:]
            other = line.replace(b"dpo", b"dsr")
            files = {
                **files,
                "log/entries.jsonl": files["log/entries.jsonl"].replace(line, other),
                "log/leaves": files["log/leaves"][:-32]
                + offline_verifier.sha256(b"\0" + other[:-1]).digest(),
            }
        else:
            return forged(change)(real(files, about))
        return real(files, about)

    monkeypatch.setattr(packing, "archive", false)
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    code, text = said(tmp_path / "x.zip", keys_of(shop, tmp_path), capsys)
    assert (code, why in text) == (1, True), text


@pytest.mark.law("CN-PIPL-54")
@pytest.mark.parametrize(
    "loses",
    [
        "DELETE FROM auditreport",
        "UPDATE auditreport SET document = replace(document, 'not_met', 'met')",
    ],
)
def test_a_report_that_the_log_knows_is_not_left_out_of_a_pack(shop, tmp_path, loses):
    compliance(shop.ws, "gdpr")
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'auditreport'"
    with shop.read() as connection:
        names = connection.exec_driver_sql(triggers).scalars().all()
    for statement in (*(f"DROP TRIGGER {name}" for name in names), loses):
        shop.sql(statement)
    assert code_of(lambda: pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")) == "report-lost"


def test_a_pack_without_its_whole_proof_is_false(shop, tmp_path, capsys):
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    keys = keys_of(shop, tmp_path)
    assert said(tmp_path / "x.zip", keys, capsys)[0] == 0
    proof = tmp_path / f"x.zip{PROOF}"
    proof.write_bytes(proof.read_bytes()[:-40])
    assert said(tmp_path / "x.zip", keys, capsys)[0] == 1
    proof.unlink()
    assert said(tmp_path / "x.zip", keys, capsys)[0] == 1


KILLS = {
    "before the archive waits": (private_file, "replace", ".coming", False),
    "before the entry": (Unit, "log", "", False),
    "behind the entry, before the log has it": (Evidence, "drain", "", False),
    "behind the entry": (packing, "_proof", "", False),
    "before the proof": (private_file, "replace", PROOF, False),
    "before the archive has its name": (Path, "replace", ".coming", False),
    "behind everything": (Path, "replace", ".coming", True),
}


def killed_at(work, name, behind):
    """Return what kills this process before or behind the work, when it is on a file of this name."""

    def either(first=None, *given, **named):
        met = not name or (isinstance(first, Path) and first.name.endswith(name))
        if met and not behind:
            kill()
        work(first, *given, **named)
        if met:
            kill()

    return either


@pytest.mark.parametrize("where", list(KILLS))
def test_a_command_that_was_killed_is_finished_by_giving_it_again(shop, tmp_path, capsys, where):
    """The period is not over: nobody could make the archive of an entry again. An older pack lies there."""
    out, keys = tmp_path / "x.zip", keys_of(shop, tmp_path)
    pack(shop.ws, FIRST, LAST, out)
    older = out.read_bytes()
    compliance(shop.ws, "gdpr")
    shop.ws.evidence.drain()

    def die():
        ws = reopened(tmp_path / "shop")
        owner, name, file, behind = KILLS[where]
        setattr(owner, name, killed_at(getattr(owner, name), file, behind))
        pack(ws, FIRST, LAST, out)

    killed_in_a_child(die)
    if said(out, keys, capsys)[0] == 0:
        assert out.read_bytes() == older or where == "behind everything"
    opened(shop.ws, "access", shop.who["gdpr"][0])
    packed = pack(shop.ws, FIRST, LAST, out)
    assert said(out, keys, capsys)[0] == 0
    assert packed.sha256 == sha256(out.read_bytes()).hexdigest()
    shop.ws.evidence.drain()
    entries = [one for one in map(decode, shop.ws.evidence.entries()) if one.act == "audit.packed"]
    assert [one.facts["sha256"] for one in entries][-1] == packed.sha256
    assert len(entries) == (3 if where == "behind everything" else 2)
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".coming")] == []


def test_no_person_is_in_a_pack(shop, tmp_path):
    """Canaries lie in every place that holds people, and none of them is in any file of the pack."""
    name, mail, number, diet, words = CANARIES
    who = shop.ws.people.admit("customer", [number])[number]
    shop.people({who: ("gdpr", "18+")})
    for key in ("name", "email", "diet"):
        shop.sql(
            "INSERT INTO attribute (key, category, class_id) VALUES (?, 'user.contact', 1)", (key,)
        )
    for subject_id, class_id, cell in shop.ws.people.seal(
        [(who, 1, {"name": name, "email": mail, "diet": diet})]
    ):
        shop.sql(
            "INSERT INTO sealedblob (subject_id, class_id, cell, sealed_at) VALUES (?, ?, ?, ?)",
            (subject_id, class_id, cell, NOON),
        )
    shop.tag(a_tag("offer.held", basis={"gdpr": "consent"}), [who])
    opened(shop.ws, "correction", who, target="diet", said={"diet": words})
    shop.settings({"controller.dpo": name, "controller.recipients": mail})
    for regime in ("gdpr", "pipl_cn", "ccpa"):
        compliance(shop.ws, regime)
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    sid = shop.ws.people.sid([who])[who]
    with ZipFile(tmp_path / "x.zip") as archive:
        whole = {file: archive.read(file) for file in archive.namelist()}
    whole["proof"] = (tmp_path / f"x.zip{PROOF}").read_bytes()
    assert "offer.held" in whole["manifest.json"].decode() or any(
        b"offer.held" in data for data in whole.values()
    )
    for file, data in whole.items():
        for canary in (*CANARIES, "canary", sid.hex()):
            assert canary.encode() not in data.lower().replace(b"\\u", b""), file
        assert sid not in data, file


def test_the_register_in_it_says_neither_target_nor_who_asked(shop, tmp_path):
    opened(shop.ws, "access", shop.who["gdpr"][0], channel="telephone")
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    with ZipFile(tmp_path / "x.zip") as archive:
        (line,) = json.loads(archive.read("requests/register.json"))["requests"]
    assert {"target", "requester", "channel"} & set(line) == set()
    assert {"ref", "regime", "kind", "received", "due", "kept", "missed"} <= set(line)


def test_ledger_and_policies_of_the_period_are_in_it(shop, tmp_path):
    audit(shop.ws)
    pack(shop.ws, FIRST, LAST, tmp_path / "x.zip")
    with ZipFile(tmp_path / "x.zip") as archive:
        rules = json.loads(archive.read("law/fairness.json"))
        law = json.loads(archive.read("law/packs.json"))["packs"]
        assert json.loads(archive.read("budget/ledger.json"))["records"] == []
    used = limits.consents(None)
    assert rules["policies"] == {used.digest(): used.document()}
    assert rules["in_force"] is None
    assert law["gdpr"][0]["name"].startswith("gdpr 20")
    assert {one["kind"] for one in law["gdpr"]} == {"pack"}


def test_a_pack_is_logged_asks_for_a_role_and_for_a_period(shop, tmp_path):
    out = tmp_path / "x.zip"
    packed = pack(shop.ws, FIRST, LAST, out)
    shop.ws.evidence.drain()
    (entry,) = [one for one in map(decode, shop.ws.evidence.entries()) if one.act == "audit.packed"]
    assert entry.facts["sha256"] == packed.sha256
    assert (entry.facts["first"], entry.facts["last"]) == ("2026-03-01", "2026-03-01")
    assert out.stat().st_mode & 0o077 == 0
    ask = shop.ws
    assert code_of(lambda: pack(ask, LAST, date(2026, 2, 1), out)) == "bad-period"
    assert code_of(lambda: pack(ask, date(2026, 4, 1), date(2026, 4, 2), out)) == "bad-period"
    assert code_of(lambda: pack(ask, date(2020, 1, 1), date(2020, 1, 2), out)) == "empty-period"
    assert code_of(lambda: pack(ask, FIRST, LAST, tmp_path / "no" / "x.zip")) == "file-unwritable"
    authority.add(shop.ws, "carl", ["dsr"])
    shop.ws.actor = Actor("carl")
    assert code_of(lambda: pack(ask, FIRST, LAST, out)) == "not-permitted"
