# SPDX-License-Identifier: Apache-2.0
"""Certificates of erasures: true ones are taken without a workspace, and nothing else is."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from audit import offline_verifier
from audit.canon import canonical, digest
from audit.clock import DAY, FixedClock
from audit.evidence import certificate
from audit.evidence.note import proof_file, read_proof
from audit.ids import SeededIds, SystemIds
from governance.custody.remnants import remnants
from governance.erasure.certificate import issue, issue_many, verify
from governance.evidence.signing import verifier_keys
from governance.vault import rotation
from governance.vault.ring import create_ring
from tests.keeping import a_kept_folder, backed_up, kept, with_people
from tests.workshop import NOON, a_workspace, code_of, reopened

GOLDEN = Path(__file__).parents[2] / "golden" / "certificate.json"
BODY = {
    "v": 1,
    "workspace": "shop-1",
    "request": "R7K2M9QWE4TZ1",
    "scope": "everything",
    "target": "",
    "requested": "2026-02-25T09:00Z",
    "committed": "2026-02-28T09:00Z",
    "done": "2026-03-01T12:00Z",
    "erased": [{"store": "file.lake", "rows": 12}, {"store": "store.subject", "rows": 1}],
    "shredded": [{"store": "log.entry", "rows": 3}],
    "retained": [
        {
            "store": "store.consentevent",
            "rows": 2,
            "ground": "proof-of-consent",
            "until": "2029-03-01",
        }
    ],
    "keys": [{"ver": 1, "kek_id": 1, "digest": "ab" * 32}],
    "l1": "2026-03-01T12:00Z",
    "remains": ["suppression"],
    "open": [],
    "held": [{"category": "user.financial", "until": "2031-01-01", "ground": "tax-law"}],
    "version": "0.0.1",
}


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """A certificate among others in a log, and the log's public keys."""
    with closing(a_workspace(tmp_path_factory.mktemp("shop"), ids=SeededIds(7))) as ws:
        for number in range(5):
            with ws.store.write() as unit:
                unit.log(ws.evidence.entry("consent.recorded", n=number))
        file = issue(ws, BODY)
        issue(ws, {**BODY, "request": "ROTHER0000001"})
        return file, ws.evidence.proofs.verifier_keys()


@pytest.mark.law("GDPR-5-2")
def test_a_true_certificate_is_taken_and_says_what_was_done(issued):
    file, keys = issued
    found, seconds = verify(file, keys)
    assert {name: found.body[name] for name in BODY} == BODY
    assert seconds == NOON // 1_000_000
    assert verify(file, keys[:1])[1] == 0
    assert (found.body["l2"], found.body["backups"]) == ("2026-03-31", "")


def test_a_certificate_reads_as_it_did(issued, request):
    file, _ = issued
    found = certificate.read(file)
    body = {**found.body, "log": "tagwarden-audit/" + "0" * 32}
    got = json.dumps({"file": [*file.decode().split("\n")[:1]], "body": body}, indent=1) + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(got, "utf-8")
    assert got == GOLDEN.read_text("utf-8")
    assert canonical(found.body).count(b"C-") == 0


def refused(file, keys):
    return code_of(lambda: verify(file, keys)) == "certificate-false"


def test_a_change_of_any_byte_is_seen(issued):
    file, keys = issued
    random = Random(3)  # noqa: S311  (to spoil files)
    for at in [
        *range(40),
        *range(len(file) - 40, len(file)),
        *random.sample(range(len(file)), 600),
    ]:
        spoilt = bytearray(file)
        spoilt[at] ^= 1 << random.randrange(8)
        assert refused(bytes(spoilt), keys), at
    for at in (0, 1, len(file) // 2, len(file) - 1):
        assert refused(file[:at], keys)
    assert refused(file + b"\n", keys)


def rewritten(file, change):
    """Return a certificate whose body was changed by somebody who has no key."""
    proof = read_proof(file)
    extra = json.loads(proof.extra)
    change(extra["certificate"])
    extra["entry"]["obj"]["digest"] = digest(extra["certificate"])
    return proof_file(proof.index, proof.hashes, proof.note, canonical(extra))


@pytest.mark.parametrize("name", certificate.FIELDS)
def test_a_field_that_was_changed_left_out_or_added_is_seen(issued, name):
    file, keys = issued
    old = certificate.read(file).body[name]
    other = {str: "other", int: 2, list: []}[type(old)] if old != [] else ["more"]
    for change in (
        lambda body: body.update({name: other}),
        lambda body: body.pop(name),
        lambda body: body.update({f"{name}2": old}),
    ):
        assert refused(rewritten(file, change), keys)
    assert not refused(rewritten(file, lambda _: None), keys)


def test_a_certificate_is_not_taken_for_that_of_another(issued, tmp_path):
    file, keys = issued
    tmp_path.chmod(0o700)
    other = create_ring(tmp_path / "others" / "ring.json", SystemIds(), root=tmp_path / "shop")
    assert refused(file, verifier_keys(other))
    assert refused(file, [keys[0], verifier_keys(other)[1]])
    with closing(a_workspace(tmp_path)) as ws:
        assert refused(ws.evidence.proofs.inclusion(0).file, ws.evidence.proofs.verifier_keys())
    assert refused(b"", keys)
    assert refused(b"c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\n", keys)
    assert refused(file, [])
    assert code_of(lambda: verify(file, ["nonsense"])) == "bad-verifier-key"


@pytest.mark.parametrize(
    "wrong",
    [
        {"request": "ann@example.org wants"},
        {"target": "Ann Smith"},
        {"erased": [{"store": "x", "rows": -1}]},
        {"erased": [{"store": "x", "rows": True}]},
        {"erased": [{"store": "x", "rows": 1, "who": "ann"}]},
        {"remains": ["free text"]},
        {"done": "2026-03-01T12:34:56Z"},
        {"keys": [{"ver": 1, "kek_id": 1, "digest": "AB" * 32}]},
        {"keys": None},
        {"name": "Ann"},
        {"scope": "much"},
    ],
)
def test_what_no_certificate_may_say_is_not_issued(tmp_path, wrong):
    with closing(a_workspace(tmp_path)) as ws:
        before = ws.evidence.proofs.checkpoint()[0].size
        with pytest.raises(ValueError, match="certificate"):
            issue(ws, {**BODY, **wrong})
        assert ws.evidence.proofs.checkpoint()[0].size == before


def test_many_are_issued_under_one_checkpoint(tmp_path):
    with closing(a_workspace(tmp_path)) as ws:
        keys = ws.evidence.proofs.verifier_keys()
        files = issue_many(ws, [{**BODY, "request": f"R{n:012}"} for n in range(300)])
        assert [verify(f, keys)[0].body["request"] for f in files] == [
            f"R{n:012}" for n in range(300)
        ]
        assert len({read_proof(file).note for file in files}) == 1
        assert issue_many(ws, []) == []


# --- until when copies open ------------------------------------------------------------------


def test_copies_die_with_the_rotation_or_with_the_last_backup(tmp_path):
    shop = a_kept_folder(tmp_path)
    with_people(shop, 2)
    with closing(reopened(shop)) as ws:
        assert (remnants(ws, [1]).until, remnants(ws, [1]).backups) == (NOON + 30 * DAY, None)
    (tmp_path / "safe").mkdir()
    backed_up(shop, tmp_path / "safe" / "k", clock=FixedClock(NOON + 25 * DAY))
    with closing(reopened(shop)) as ws:
        assert (remnants(ws, [1]).until, remnants(ws, [1]).backups) == (
            NOON + 32 * DAY,
            NOON + 32 * DAY,
        )
    with closing(reopened(shop, clock=FixedClock(NOON + 31 * DAY))) as ws:
        assert remnants(ws, [1]).until is None  # overdue: nothing can be promised
    from governance.custody.rotate import rotate

    with closing(kept(shop, clock=FixedClock(NOON + 31 * DAY))) as ws:
        assert rotation.old_epochs(ws.keys.ring) == []
        rotate(ws)
        assert remnants(ws, [1]).until == NOON + 32 * DAY
        assert remnants(ws, [2]).until == NOON + 61 * DAY


# --- without the product ----------------------------------------------------------------------


def outside(tmp_path, issued):
    file, keys = issued
    (tmp_path / "one.tlog-proof").write_bytes(file)
    (tmp_path / "keys").write_text("\n".join(keys), "ascii")


def test_the_auditors_program_takes_it_too_and_no_other(tmp_path, issued, capsys, monkeypatch):
    outside(tmp_path, issued)
    monkeypatch.chdir(tmp_path)
    asked = ["certificate", "one.tlog-proof", "--keys", "keys"]
    assert offline_verifier.main(asked) == 0
    assert capsys.readouterr().out.startswith('good: certificate of request R7K2M9QWE4TZ1: {"')
    random = Random(5)  # noqa: S311  (to spoil files)
    file = issued[0]
    for at in random.sample(range(len(file)), 300):
        spoilt = bytearray(file)
        spoilt[at] ^= 1 << random.randrange(8)
        Path("one.tlog-proof").write_bytes(bytes(spoilt))
        assert offline_verifier.main(asked) == 1, at
    Path("one.tlog-proof").write_bytes(rewritten(file, lambda body: body.update(open=["x"])))
    assert offline_verifier.main(asked) == 1


def asked(folder, *more):
    """Ask the command line in a folder that is no workspace."""
    root = Path(offline_verifier.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "XDG_DATA_HOME": str(folder)}
    environment.pop("TAGWARDEN_WORKSPACE", None)
    command = "from governance.cli.app import run; run()"
    return subprocess.run(
        [sys.executable, "-c", command, "cert", "verify", "one.tlog-proof", *more],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("language", "words"), [("en", "does not prove"), ("zh", "不能证明")])
def test_the_command_needs_no_workspace_and_says_what_is_not_proven(
    tmp_path, issued, language, words
):
    outside(tmp_path, issued)
    done = asked(tmp_path, "--vkey", "keys", "--lang", language)
    assert (done.returncode, done.stderr) == (0, "")
    assert "R7K2M9QWE4TZ1" in done.stdout
    assert words in done.stdout


def test_the_command_gives_data_and_refuses_what_is_false_or_has_no_keys(tmp_path, issued):
    outside(tmp_path, issued)
    found = json.loads(asked(tmp_path, "--vkey", "keys", "--json").stdout)
    assert found["certificate"]["l2"] == "2026-03-31"
    assert "no-workspace" in asked(tmp_path).stderr
    data = bytearray((tmp_path / "one.tlog-proof").read_bytes())
    data[-20] ^= 1
    (tmp_path / "one.tlog-proof").write_bytes(data)
    false = asked(tmp_path, "--vkey", "keys")
    assert (false.returncode, "certificate-false" in false.stderr) == (6, True)
