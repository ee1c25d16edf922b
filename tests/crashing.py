# SPDX-License-Identifier: Apache-2.0
"""Run as a program: writes to workspaces from several processes, or dies at a named step.

python -m tests.crashing write FOLDER PROCESS COUNT
python -m tests.crashing admit FOLDER COUNT
python -m tests.crashing drain FOLDER SECONDS
python -m tests.crashing die FOLDER STEP...     (one workspace FOLDER/STEP for each step)
python -m tests.crashing request FOLDER STEP... (the same, while a request is taken in)
"""

import os
import signal
import sys
import time
from pathlib import Path

from tests.workshop import reopened


def write(folder, process, count):
    ws = reopened(Path(folder))
    for number in range(int(count)):
        with ws.store.write() as unit:
            unit.connection.exec_driver_sql(
                "INSERT INTO consentevent (subject_id, purpose, state, kind, at, notice, language, "
                "surface, source, recorded_at) VALUES (?, 'p', 'given', '', 0, '', '', '', '', 0)",
                (int(process) * 1000 + number,),
            )
            unit.log(ws.evidence.entry("consent.recorded", place=f"{process}.{number}"))
    ws.close()


def admit(folder, count):
    ws = reopened(Path(folder))
    for start in range(0, int(count), 50):
        ws.people.admit("customer", [f"C-{n}" for n in range(start, start + 50)])
    ws.close()


def drain(folder, seconds):
    ws = reopened(Path(folder))
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        ws.evidence.drain()
    ws.close()


def die(folder, *steps):
    _each(folder, steps, _die_at)


def request(folder, *steps):
    _each(folder, steps, _die_in_request)


def _each(folder, steps, die_at):
    for step in steps:
        child = os.fork()
        if not child:
            die_at(Path(folder) / step / "shop", step)
            os._exit(1)  # not reached: it was to be killed
        _, status = os.waitpid(child, 0)
        if os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"{step} was not reached")


def killed(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)


def after(work, times=1):
    left = [None] * times

    def both(*arguments, **named):
        work(*arguments, **named)
        left.pop()
        if not left:
            killed()

    return both


def _die_in_request(folder, step):
    from sqlalchemy import event

    from governance.requests import desk, row
    from governance.requests.desk import Asked
    from governance.store.unit import Unit

    ws = reopened(folder)
    changes = {
        "before-the-row": (row, "insert", killed),
        "after-the-row": (row, "insert", after(row.insert)),
        "after-the-first-step": (desk, "record", after(desk.record)),
        "after-the-first-entry": (Unit, "log", after(Unit.log)),
        "between-row-and-step": (row, "update", after(row.update)),
        "after-the-last-step": (desk, "record", after(desk.record, 2)),
        "after-the-commit": (ws.store, "after_commit", killed),
    }
    if step == "before-the-commit":
        ws.store  # noqa: B018  (opened before somebody listens)
        event.listen(ws.store.engine, "commit", killed)
    else:
        where, name, work = changes[step]
        setattr(where, name, work)
    who = next(iter(ws.people.admit("customer", ["7"]).values()))
    desk.open_request(ws, Asked("personalisation-off", key="once"), who)


REQUEST_STEPS = (
    "before-the-row",
    "after-the-row",
    "after-the-first-step",
    "after-the-first-entry",
    "between-row-and-step",
    "after-the-last-step",
    "before-the-commit",
    "after-the-commit",
)


def _die_at(folder, step):
    from governance.evidence import recorder
    from governance.evidence.log import Log

    def second(work):
        calls = []

        def either(*arguments):
            calls.append(1)
            return killed() if len(calls) == 2 else work(*arguments)

        return either

    ws = reopened(folder)
    entry = ws.evidence.entry("consent.recorded", place="kept")
    changes = {
        "before-the-log": (Log, "known", killed),
        "before-the-coming-head": (recorder, "write_head", killed),
        "after-the-coming-head": (recorder, "write_head", after(recorder.write_head)),
        "before-the-rows": (Log, "append", killed),
        "after-the-rows": (Log, "append", after(Log.append)),
        "after-the-log": (recorder, "write_head", second(recorder.write_head)),
        "before-forgetting": (recorder, "_forget", killed),
        "after-forgetting": (recorder, "_forget", after(recorder._forget)),
    }
    where, name, work = changes[step]
    setattr(where, name, work)
    with ws.store.write() as unit:
        unit.log(entry)


STEPS = (
    "before-the-log",
    "before-the-coming-head",
    "after-the-coming-head",
    "before-the-rows",
    "after-the-rows",
    "after-the-log",
    "before-forgetting",
    "after-forgetting",
)

if __name__ == "__main__":
    {"write": write, "admit": admit, "drain": drain, "die": die, "request": request}[sys.argv[1]](
        *sys.argv[2:]
    )
