# SPDX-License-Identifier: Apache-2.0
"""Runs every command block of README and docs: what stands there is what the program prints.

A ```console block holds `$ command` lines with the output below. Each page gets an empty folder and
its own key rings; its blocks run in order. `…` in the expected output stands for anything.
"""

import atexit
import fcntl
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser

from tests.served import install

for _library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_library, "1")  # two processes test: threads that wait would cost them
gc.set_threshold(20_000, 20, 20)
MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of this run alone is made in it)
ROOM = 4 * 2**30
"""Bytes that must be free there: a run has been seen to take a quarter of it."""


def _work_in_memory() -> None:
    """Let temporary files of this run and its processes lie in memory, and go when it ends.

    A shop writes everything through to the disk, and a test would wait for that as long as it computes.
    With `TMPDIR=/tmp` tests work on the disk, and leave their folders to look at.
    """
    for left in MEMORY.glob("tagwarden-run-*"):  # of a run that was killed
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    tempfile.tempdir = tempfile.mkdtemp(prefix=f"tagwarden-run-{os.getpid()}-", dir=MEMORY)
    os.environ["TMPDIR"] = tempfile.tempdir
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)


if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    _work_in_memory()
ROOT = Path(__file__).parent
INSTALLS = re.compile(r"python3? -m (pip|pytest|venv)\b|pipx? install|git clone|make\b|\. \.venv")
DEMO = "tagwarden demo > story.txt"
os.environ.setdefault("DOCS_SHARED", f"{tempfile.gettempdir()}/tagwarden-docs-{os.getpid()}")
SHARED = Path(os.environ["DOCS_SHARED"])
"""Where all processes of one test run find the demonstration that one of them has played."""


def run_console(example: Example) -> str | None:
    """Run the commands of a block; return what differs, or None."""
    for command, expected in steps(str(example.parsed)):
        folder: Path = example.namespace["folder"]
        if moved := re.fullmatch(r"cd (\S+)", command):
            example.namespace["folder"] = folder / moved[1]
            continue
        if INSTALLS.match(command):  # these two lines of the README are what CI itself runs
            continue
        if command == DEMO:
            _copy_demo(example.namespace)
            continue
        done = subprocess.run(  # noqa: S602  (the documentation is ours)
            command,
            shell=True,
            cwd=folder,
            env=example.namespace["environment"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            executable="/bin/bash",
        )
        if not matches(expected, done.stdout):
            return f"$ {command}\n--- expected\n{expected}\n--- printed\n{done.stdout}"
    return None


def _copy_demo(namespace: dict[str, Any]) -> None:
    """Do what the command does, by copying what it did: it takes a minute, and plays the same."""
    SHARED.mkdir(mode=0o700, exist_ok=True)
    with (SHARED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (SHARED / "work").is_dir():
            (SHARED / "new").mkdir()
            environment = {**namespace["environment"], "XDG_DATA_HOME": str(SHARED / "share")}
            subprocess.run(DEMO, shell=True, cwd=SHARED / "new", env=environment, check=True)  # noqa: S602  (ours)
            (SHARED / "new").rename(SHARED / "work")
    share = Path(namespace["environment"]["XDG_DATA_HOME"])
    shutil.copytree(SHARED / "work", namespace["folder"], dirs_exist_ok=True)
    shutil.copytree(SHARED / "share", share, dirs_exist_ok=True)


def steps(block: str) -> list[tuple[str, str]]:
    """Return (command, expected output) of each `$` line; a final backslash, or `> ` below, goes on."""
    found: list[tuple[str, list[str]]] = []
    continued = False
    for line in block.splitlines():
        if continued or (line.startswith("> ") and found and not found[-1][1]):
            found[-1] = (found[-1][0] + "\n" + line.removeprefix("> "), [])
        elif line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        continued = line.endswith("\\")
    return [(command, "\n".join(output).strip("\n")) for command, output in found]


def matches(expected: str, printed: str) -> bool:
    """Return whether the output is the expected one; no expectation: anything without an error."""
    if not expected:
        return "error:" not in printed and "bug:" not in printed
    pattern = re.escape(expected).replace(re.escape("…"), r"[\s\S]*?")
    return re.fullmatch(pattern, printed.strip("\n")) is not None


def start(namespace: dict[str, Any]) -> None:
    """Give a page its own folder, and `tagwarden` on the path."""
    namespace["holder"] = tempfile.TemporaryDirectory()
    folder = Path(namespace["holder"].name)
    (folder / "bin").mkdir()
    install(folder / "bin" / "tagwarden")
    work = folder / "work"
    work.mkdir()
    namespace["folder"] = work
    namespace["environment"] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAGWARDEN_")},
        "PATH": os.pathsep.join(
            (str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
        ),
        "XDG_DATA_HOME": str(folder / "share"),
        "TAGWARDEN_ACTOR": "reader",
        "COLUMNS": "100",
    }


def end(namespace: dict[str, Any]) -> None:
    """Remove the folder of a page."""
    namespace["holder"].cleanup()


class _Console(CodeBlockParser):
    language = "console"

    def evaluate(self, example: Example) -> str | None:
        """Run one block."""
        return run_console(example)

    def __call__(self, document: Document) -> "list[Region]":
        """Return the console blocks of a page."""
        return list(super().__call__(document))


pytest_collect_file = Sybil(
    parsers=[_Console()], patterns=["*.md"], setup=start, teardown=end
).pytest()


def pytest_collection_finish() -> None:
    """Take what is loaded by now for what stays: else each full collection would look through it."""
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what the processes of a test run have shared, in the one that began it."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(SHARED, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what the program prints now into the golden files."""
    parser.addoption("--update-golden", action="store_true", default=False)
