# SPDX-License-Identifier: Apache-2.0
"""What the log hands out, checked by the code of Go's checksum database (x/mod/sumdb).

Needs `go` and that module where Debian puts it: apt-get install golang-go golang-golang-x-mod-dev.
"""

import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.workshop import a_workspace

pytestmark = pytest.mark.slow
MODULES = Path("/usr/share/gocode")
OFTEN = 200


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not shutil.which("go") or not (MODULES / "src/golang.org/x/mod/sumdb").is_dir():
        pytest.skip(
            "NO SECOND IMPLEMENTATION CHECKED THE LOG: "
            "apt-get install golang-go golang-golang-x-mod-dev"
        )
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GOPATH": str(MODULES),
        "GO111MODULE": "off",
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
    }
    subprocess.run(
        ["go", "build", "-o", folder / "check", Path(__file__).with_name("main.go")],
        env=environment,
        check=True,
    )
    return folder / "check"


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auditor")
    with closing(a_workspace(tmp_path_factory.mktemp("shop"))) as ws:
        act(ws, 299)
        proofs = ws.evidence.proofs
        (folder / "keys").write_text("\n".join(proofs.verifier_keys()))
        (folder / "old.note").write_bytes(proofs.checkpoint()[1])
        act(ws, 300)
        for index in PROVEN:
            (folder / f"{index}.proof").write_bytes(proofs.inclusion(index).file)
        (folder / "growth").write_bytes(proofs.growth((folder / "old.note").read_bytes()).file)
        proofs.export(folder / "tiles", lambda *_: None)
    return folder


PROVEN = (0, 1, 255, 256, 299, 511, 512, 599)


def act(ws, count):
    with ws.store.write() as unit:
        for number in range(count):
            unit.log(ws.evidence.entry("consent.recorded", n=number))


def check(program, folder, command, *files):
    done = subprocess.run(
        [program, command, "keys", *files], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_checkpoint_inclusion_and_growth_are_taken_by_go(program, handed_out):
    for index in PROVEN:
        assert check(program, handed_out, "proof", f"{index}.proof") == (0, "good\n"), index
    assert check(program, handed_out, "growth", "old.note", "growth") == (0, "good\n")
    assert check(program, handed_out, "tiles", "tiles") == (0, "good\n")


def telling(data):
    """Return the places whose bytes mean something to Go, which reads the first signature only."""
    end = data.rindex("\n— ".encode())
    # the character before = has bits that no byte comes from
    return [at for at in range(end) if data[at + 1 : at + 2] != b"="]


def test_two_hundred_changes_are_rejected_by_go(program, handed_out, tmp_path):
    random = Random(20261127)  # noqa: S311
    for number in range(OFTEN):
        folder = tmp_path / str(number)
        shutil.copytree(handed_out, folder, ignore=shutil.ignore_patterns("tiles"))
        name, *question = random.choice(
            [
                ("299.proof", "proof", "299.proof"),
                ("growth", "growth", "old.note", "growth"),
                ("old.note", "growth", "old.note", "growth"),
            ]
        )
        data = bytearray((folder / name).read_bytes())
        at = random.choice(telling(bytes(data)))
        if random.random() < 0.5:
            data[at] ^= 1 << random.randrange(8)
        else:
            del data[at]
        (folder / name).write_bytes(data)
        code, said = check(program, folder, *question)
        assert (code, said[:6]) == (1, "FALSE:"), (number, name, at)
