# SPDX-License-Identifier: Apache-2.0
"""Run as a program under the shim: plays commands in children whose N-th writing call goes wrong.

python -m tests.faults.driver       (LD_PRELOAD names the shim)

One order a line comes in: {"commands": [[actor, word, ...], ...], "files": pattern, "kind": 0-4,
"number": N, "said": file}. One answer a line goes out: {"codes": exit codes in order, "fired": bool,
"killed": bool}. What the commands print goes to the file `said`. A command that fails ends the play.
"""

import ctypes
import gc
import json
import os
import signal
import sys

IMPORTS = (
    "alembic", "duckdb", "pyarrow", "holidays", "cryptography.hazmat.primitives.asymmetric.mldsa",
    "governance.assessment", "governance.changing.comparing", "governance.cli.app",
    "governance.cli.assessment", "governance.cli.consent", "governance.cli.ingest",
    "governance.cli.key", "governance.cli.purpose", "governance.closing", "governance.consent",
    "governance.custody.rotate", "governance.doctor", "governance.evidence",
    "governance.intake.profiles", "governance.purpose", "governance.store.opening",
    "governance.subject", "governance.vault.people",
)  # fmt: skip


def main():
    for name in IMPORTS:  # so that a child begins at once
        __import__(name)
    gc.freeze()  # or the first collection of each child copies and looks through all of it
    shim = ctypes.CDLL(None)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(shim, json.loads(line))) + "\n")
        sys.stdout.flush()


def answer(shim, order):
    """Play an order in a child and return what became of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            play(shim, order, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        words = told.read().split()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    if killed and os.WTERMSIG(status) != signal.SIGKILL:
        sys.exit(f"a child ended by signal {os.WTERMSIG(status)}")
    return {
        "codes": [int(word) for word in words if word != "fired"],
        "fired": killed or "fired" in words,
        "killed": killed,
    }


def play(shim, order, writing):
    """Give the commands one after another, and tell the exit code of each as soon as it has ended."""
    from governance.cli.app import run

    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123  (no terminal to ask at)
    shim.fault_arm(order["files"].encode(), order["kind"], order["number"])
    for actor, *words in order["commands"]:
        os.environ["TAGWARDEN_ACTOR"] = actor
        sys.argv = ["tagwarden", *words]
        code = 0
        try:
            run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(writing, f"{code} ".encode())
        if code:
            break
    if shim.fault_fired():
        os.write(writing, b"fired")


if __name__ == "__main__":
    main()
