# SPDX-License-Identifier: Apache-2.0
"""The program for the commands of the documentation, loaded once: each command is a fork of it.

A page gives dozens of commands, and loading the program is most of what each of them would cost. A
command is still a process of its own, with its own arguments, environment, folder and streams.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parent.parent
PACKAGES = ("audit", "policies", "tagging", "governance")
LOADED_LATE = ("duckdb", "opendp.prelude", "pyarrow.parquet", "sklearn.cluster", "sklearn.ensemble")

CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = {{"argv": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(server, [b"-"], [0, 1, 2])
server.sendall(json.dumps(asked).encode())
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(8) or b"70"))
"""


def install(program: Path) -> None:
    """Write an executable that runs its arguments in the loaded program."""
    program.write_text(CLIENT.format(python=sys.executable, address=str(_address())))
    program.chmod(0o755)


@cache
def _address() -> Path:
    """Start the server and return its address; it ends with this process, whose pipe it watches."""
    address = Path(tempfile.gettempdir()) / f"tw-{os.getpid()}-{time.monotonic_ns()}"
    server = subprocess.Popen(
        [sys.executable, __file__, str(address)],
        env={**os.environ, "COLUMNS": "100"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if server.stdout is None or server.stdout.readline() != b"ready\n":
        raise RuntimeError("the program of the documentation did not load")
    _running.append(server)
    return address


_running: list[subprocess.Popen[bytes]] = []  # keeps the pipes open until this process ends


def serve(address: Path) -> None:
    """Answer until the standard input closes."""
    sys.path.insert(0, str(ROOT))
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how those who answer ended
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(address))
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            asking, _ = listening.accept()
            if os.fork() == 0:
                _answer(asking)
            asking.close()
    address.unlink()


def _load() -> None:
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            # `_dist` is the door of the wheel, which refuses to stand beside these packages.
            if "._dist" not in module.name:
                importlib.import_module(module.name)
    for name in LOADED_LATE:
        importlib.import_module(name)


def _answer(asking: socket.socket) -> NoReturn:
    """Run what is asked in a process of its own, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asking, 1, 3)
    asked = b"".join(iter(lambda: asking.recv(65536), b""))
    command = os.fork()
    if command == 0:
        asking.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _become(**json.loads(asked))
    asking.sendall(b"%d" % os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
    os._exit(0)


def _become(argv: list[str], folder: str, environment: dict[str, str]) -> NoReturn:
    """Run the command line as a new process would."""
    from governance.cli.app import run  # loaded by now

    sys.argv = argv
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    code = 70
    try:
        run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
