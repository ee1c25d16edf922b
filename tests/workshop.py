# SPDX-License-Identifier: Apache-2.0
"""Builds real workspaces for tests: folders, key ring, stores and log, as `init` makes them."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from audit.clock import FixedClock, parse_time
from audit.errors import Fault
from governance import authority
from governance.actor import Actor
from governance.changing import applying, comparing, review
from governance.workspace import Workspace, open_workspace

OFFICER = Actor("officer", "dpo")
NOON = parse_time("2026-03-01T12:00:00Z")
BUCKETS = 4
"""Of the lake: more than one, and few, since each costs a statement and a file, also when empty."""


@cache
def _template() -> Path:
    from governance.init import init

    folder = Path(tempfile.mkdtemp(prefix="tagwarden-template-"))
    init(
        folder / "shop",
        name="Shop",
        ring=folder / "rings" / "ring.json",
        clock=FixedClock(NOON),
        actor=OFFICER,
    )
    settings = folder / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8").replace("# buckets = 16", f"buckets = {BUCKETS}")
    settings.write_text(text, "utf-8")
    return folder


@cache
def _prepared(build) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tagwarden-template-"))
    build(folder)
    return folder


def a_folder(folder: Path, build=None) -> Path:
    """Make a workspace in `folder/shop` with its ring in `folder/rings`; return its folder.

    With `build`, a copy of the one that this function makes in a folder; it is called once.
    """
    template = _prepared(build) if build else _template()
    shutil.copytree(template / "rings", folder / "rings")
    shutil.copytree(template / "shop", folder / "shop")
    settings = folder / "shop" / "tagwarden.toml"
    text = settings.read_text("utf-8").replace(str(template), str(folder))
    settings.write_text(text, "utf-8")
    for path in (folder, folder / "rings"):
        path.chmod(0o700)
    return folder / "shop"


def reopened(folder: Path, *, clock=None, ids=None) -> Workspace:
    """Open a workspace once more, as another process would; it ends with `close()`."""
    return open_workspace(folder, clock=clock or FixedClock(NOON), ids=ids, actor=OFFICER)


def a_workspace(folder: Path, **seams) -> Workspace:
    """Make a workspace and open it."""
    return reopened(a_folder(folder), **seams)


REVIEWER = Actor("reviewer", "dpo")


def as_reviewer(ws: Workspace, work):
    """Do something as another operator, who may approve; then be who one was."""
    with ws.store.read() as connection:
        known = REVIEWER.ref in authority.operators(connection)
    if not known:
        authority.add(ws, REVIEWER.name, ["dpo"])
    who, ws.actor = ws.actor, REVIEWER
    try:
        return work()
    finally:
        ws.actor = who


def applied(ws: Workspace, *files) -> list:
    """Plan documents, submit them, let another operator approve, apply; return what changed."""
    plan = comparing.make(ws, files, count=False)
    if plan.needs_approval:
        name = review.submit(ws, plan).name
        as_reviewer(ws, lambda: review.approve(ws, name))
    return applying.apply(ws, plan)


def code_of(work) -> str:
    """Return the code of the fault that `work` raises, or '' when it raises none."""
    try:
        work()
    except Fault as fault:
        return fault.code
    return ""
