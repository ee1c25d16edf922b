# SPDX-License-Identifier: Apache-2.0
"""The auditor's program: alone, in one file, it takes what is true and nothing else."""

import ast
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from audit import offline_verifier
from audit.evidence.tree import Head
from governance.evidence import signing
from tests.workshop import a_workspace

PROGRAM = Path(offline_verifier.__file__)
OFTEN = 200


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """What an auditor has: keys, two checkpoints, a proof, and the whole log in files."""
    folder = tmp_path_factory.mktemp("auditor")
    with closing(a_workspace(tmp_path_factory.mktemp("shop"))) as ws:
        act(ws, 299)
        proofs = ws.evidence.proofs
        (folder / "keys").write_text("\n".join(proofs.verifier_keys()))
        (folder / "old.note").write_bytes(proofs.checkpoint()[1])
        act(ws, 300)
        proofs.export(folder / "tiles", lambda *_: None)
        (folder / "new.note").write_bytes(proofs.checkpoint()[1])
        (folder / "one.tlog-proof").write_bytes(proofs.inclusion(77).file)
        forged = signing.sign(ws.keys.ring, Head(300, b"x" * 32), 1_790_000_000)
        (folder / "forked.note").write_bytes(forged)
    return folder


def act(ws, count):
    with ws.store.write() as unit:
        for number in range(count):
            unit.log(ws.evidence.entry("consent.recorded", n=number))


QUESTIONS = {
    "tiles": ["tiles", "tiles"],
    "proof": ["proof", "one.tlog-proof"],
    "consistency": ["consistency", "old.note", "new.note", "--tiles", "tiles"],
}
ANSWERS = {
    "tiles": "good: 600 entries, every file as the checkpoint says\n",
    "proof": "good: entry 77 of 600: {",
    "consistency": "good: 300 entries unchanged, 300 added\n",
}


def alone(folder, question):
    """Ask in a process that sees nothing of ours."""
    return subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *QUESTIONS[question], "--keys", "keys"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def here(folder, question, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    code = offline_verifier.main([*QUESTIONS[question], "--keys", "keys"])
    return code, capsys.readouterr().out


def test_it_needs_nothing_of_ours():
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(PROGRAM.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    roots = {name.split(".")[0] for name in names}
    assert roots <= {*sys.stdlib_module_names, "cryptography"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_true_is_taken(handed_out, question):
    done = alone(handed_out, question)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(ANSWERS[question])


def read_by(question):
    """Return the files that a question is about, relative to the auditor's folder."""
    if question == "proof":
        return ["one.tlog-proof"]
    if question == "consistency":
        return ["old.note", "new.note"]
    return []


def spoil(folder, question, random):
    """Change one thing in what a question is about; return what was done."""
    tiles = [
        p.relative_to(folder).as_posix()
        for p in sorted((folder / "tiles").rglob("*"))
        if p.is_file()
    ]
    if question == "consistency":
        tiles = [name for name in tiles if "entries" in name]
    names = read_by(question) or tiles
    path = folder / random.choice([*names, *(tiles if question == "consistency" else [])])
    data = bytearray(path.read_bytes())
    at = random.randrange(len(data))
    kind = random.choice(["bit", "byte", "cut", "grow", "delete", "swap", "empty"])
    if kind == "bit":
        data[at] ^= 1 << random.randrange(8)
    elif kind == "byte":
        data[at] = (data[at] + random.randrange(1, 256)) % 256
    elif kind == "cut":
        del data[at:]
    elif kind == "grow":
        data.insert(at, random.randrange(256))
    elif kind == "swap":
        half = data[at:] + data[:at]
        data = half if half != data else data[:-1]
    elif kind == "empty":
        data = bytearray()
    if kind == "delete":
        path.unlink()
    else:
        path.write_bytes(data)
    return f"{kind} at {at} of {path.name}"


def spoilt(handed_out, tmp_path, seed):
    random = Random(seed)  # noqa: S311
    question = random.choice(list(QUESTIONS))
    folder = tmp_path / str(seed)
    shutil.copytree(handed_out, folder)
    return folder, question, spoil(folder, question, random)


def test_two_hundred_changes_are_all_rejected(handed_out, tmp_path, monkeypatch, capsys):
    for seed in range(OFTEN):
        folder, question, what = spoilt(handed_out, tmp_path, seed)
        code, said = here(folder, question, monkeypatch, capsys)
        assert (code, said[:7]) == (1, "FALSE: "), (seed, question, what)


@pytest.mark.slow
def test_two_hundred_other_changes_are_rejected_by_the_program_alone(handed_out, tmp_path):
    for seed in range(1000, 1000 + OFTEN):
        folder, question, what = spoilt(handed_out, tmp_path, seed)
        done = alone(folder, question)
        assert (done.returncode, done.stdout[:7]) == (1, "FALSE: "), (seed, question, what)
        assert done.stderr == ""


def test_files_that_do_not_belong_are_rejected(handed_out, tmp_path, monkeypatch, capsys):
    for name in ("letter", "tile/0/003", "tile/0/1", "tile/9/000.p/1", "tile/0/000.p/256"):
        folder = tmp_path / name.replace("/", "-")
        shutil.copytree(handed_out, folder)
        path = folder / "tiles" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        assert here(folder, "tiles", monkeypatch, capsys)[0] == 1, name


def test_an_older_part_of_a_tile_may_stay(handed_out, tmp_path, monkeypatch, capsys):
    shutil.copytree(handed_out, tmp_path / "x")
    full = tmp_path / "x" / "tiles" / "tile" / "0" / "001"
    part = full.with_name("001.p") / "44"
    part.parent.mkdir()
    part.write_bytes(full.read_bytes()[: 44 * 32])
    assert here(tmp_path / "x", "tiles", monkeypatch, capsys)[0] == 0
    part.write_bytes(full.read_bytes()[32 : 45 * 32])
    assert here(tmp_path / "x", "tiles", monkeypatch, capsys)[0] == 1


def replaced(handed_out, folder, name, old, new):
    shutil.copytree(handed_out, folder)
    path = folder / name
    data = path.read_bytes()
    assert data.count(old) >= 1
    path.write_bytes(data.replace(old, new, 1))
    return folder


def test_a_proof_shows_its_own_entry_at_its_own_place_only(
    handed_out, tmp_path, monkeypatch, capsys
):
    lines = (handed_out / "one.tlog-proof").read_bytes().split(b"\n")
    other = b"extra " + b64encode(b64decode(lines[1][6:]).replace(b'"v":1', b'"v":2'))
    changes = {
        "entry": (lines[1], other),
        "place": (b"index 77", b"index 78"),
        "far": (b"index 77", b"index 600"),
        "hash": (lines[4], lines[5]),
        "short": (lines[4] + b"\n", b""),
        "long": (lines[4], lines[4] + b"\n" + lines[4]),
    }
    for name, (old, new) in changes.items():
        folder = replaced(handed_out, tmp_path / name, "one.tlog-proof", old, new)
        assert here(folder, "proof", monkeypatch, capsys)[0] == 1, name


def test_a_second_history_is_rejected_though_its_checkpoint_is_signed(
    handed_out, tmp_path, monkeypatch, capsys
):
    shutil.copytree(handed_out, tmp_path / "x")
    (tmp_path / "x" / "forked.note").replace(tmp_path / "x" / "old.note")
    code, said = here(tmp_path / "x", "consistency", monkeypatch, capsys)
    assert (code, "the log was changed" in said) == (1, True)


@pytest.mark.parametrize("key", [0, 1])
def test_each_signature_counts(handed_out, tmp_path, monkeypatch, capsys, key):
    line = (handed_out / "one.tlog-proof").read_bytes().split(b"\n")[-3:-1][key]
    middle = len(line) // 2
    other = (
        line[:middle] + (b"A" if line[middle : middle + 1] != b"A" else b"B") + line[middle + 1 :]
    )
    folder = replaced(handed_out, tmp_path / "x", "one.tlog-proof", line, other)
    code, said = here(folder, "proof", monkeypatch, capsys)
    assert (code, said[:22]) == (1, "FALSE: a signature of ")


def test_base64_has_one_spelling(handed_out, tmp_path, monkeypatch, capsys):
    """Bits that no byte comes from would let a note be spelled in several ways."""
    line = (handed_out / "one.tlog-proof").read_bytes().split(b"\n")[4]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = alphabet[alphabet.index(line[-2]) + 1]
    other = line[:-2] + bytes([spare]) + b"="
    assert b64decode(other) == b64decode(line)
    folder = replaced(handed_out, tmp_path / "x", "one.tlog-proof", line, other)
    assert here(folder, "proof", monkeypatch, capsys)[0] == 1


def test_the_keys_must_all_have_signed(handed_out, tmp_path, monkeypatch, capsys):
    shutil.copytree(handed_out, tmp_path / "x")
    keys = tmp_path / "x" / "keys"
    first, second = keys.read_text().split("\n")
    name, short, material = first.split("+", 2)
    for lines, code in (
        ([first], 0),
        ([second], 0),
        ([], 1),
        ([f"{name}+00000000+{material}"], 1),
        ([f"other+{short}+{material}"], 1),
        ([first, "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"], 1),
    ):
        keys.write_text("\n".join(lines))
        assert here(tmp_path / "x", "proof", monkeypatch, capsys)[0] == code, lines


def test_the_order_of_two_checkpoints_counts(handed_out, tmp_path, monkeypatch, capsys):
    shutil.copytree(handed_out, tmp_path / "x")
    old, new = tmp_path / "x" / "old.note", tmp_path / "x" / "new.note"
    kept = old.read_bytes()
    old.write_bytes(new.read_bytes())
    new.write_bytes(kept)
    code, said = here(tmp_path / "x", "consistency", monkeypatch, capsys)
    assert (code, said) == (
        1,
        "FALSE: the newer checkpoint is over fewer entries, or of another log\n",
    )
