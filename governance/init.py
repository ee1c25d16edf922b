# SPDX-License-Identifier: Apache-2.0
"""Makes a workspace: settings, key ring, key store, control store, evidence log.

All or nothing: the parts are made aside and moved into place, the settings file last, because that
is what makes a folder a workspace. Refuses a folder that holds anything else.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.clock import Clock
from audit.errors import BadInput, Conflict
from audit.ids import Ids, SystemIds
from governance.actor import Actor
from governance.authority import found_by
from governance.evidence import Evidence
from governance.evidence.head import head_path
from governance.settings import FILE, Value, load, render
from governance.store import private_file
from governance.store.engine import open_engine
from governance.store.migrate import upgrade
from governance.store.opening import store_url
from governance.vault import levels
from governance.vault.canary import canary_record
from governance.vault.keystore import KeyStore
from governance.vault.passphrase import Ask
from governance.vault.ring import create_ring
from governance.vault.sealing import SUITES
from governance.workspace import Paths, Workspace, ring_path

STAGING = ".tagwarden-init"
_PARTS = ("data", "keystore", "evidence", FILE)  # the settings file is moved last
_MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Report:
    """What `init` made, and what its keys protect."""

    folder: Path
    ring: Path
    created: bool
    name: str
    key_level: str
    protects: str
    leaves_open: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made so far, to be taken back when the rest fails."""

    folder: Path
    staging: Path
    folders: list[Path]
    rings: list[Path]


def init(
    folder: Path,
    *,
    name: str,
    language: str = "en",
    regime: str = "gdpr",
    zone: str = "UTC",
    fixed_clock: str = "",
    ring: Path | None = None,
    level: str = "file",
    suite: str = "aes-gcm-siv",
    passphrase_from: str = "",
    pkcs11: tuple[str, str] = ("", ""),
    ask: Ask | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    actor: Actor | None = None,
) -> Report:
    """Make a workspace in `folder` and return what was made; an existing one is left as it is.

    `pkcs11` is the path of a token's module and the label of the token.

    Raises Conflict `folder-not-empty`, `init-running` or `ring-exists`; BadInput for settings that
    cannot be used; Refused for a place where a ring must not lie, or a level that cannot be had. When
    it fails, nothing remains.
    """
    folder = folder.absolute()
    if (folder / FILE).is_file():
        return _report(folder, created=False)
    ids = ids or SystemIds()
    values = _settings(name, zone, {"language": language, "regime": regime}, ids)
    given: dict[str, Value] = {
        "clock.fixed": fixed_clock,
        "keys.ring": str(ring.expanduser().absolute()) if ring else "",
        "keys.level": level if level != "file" else "",
        "keys.passphrase_from": passphrase_from,
        "keys.pkcs11_module": pkcs11[0],
        "keys.pkcs11_token": pkcs11[1],
    }
    values |= {key: value for key, value in given.items() if value}
    if suite not in SUITES:
        raise BadInput("unknown-suite", "there is no such suite", hint=", ".join(SUITES))
    with _staged(folder) as made:
        _write(made, values)
        settings = load(made.staging)
        ws = Workspace(made.staging, settings, clock=clock, ids=ids, actor=actor, ask=ask)
        try:
            _build(ws, made, SUITES[suite])
        finally:
            ws.close()
        for part in _PARTS:
            (made.staging / part).rename(folder / part)
    return _report(folder, created=True)


def _settings(name: str, zone: str, words: dict[str, str], ids: Ids) -> dict[str, Value]:
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        raise BadInput("bad-name", f"a workspace has a name of 1 to {_MAX_NAME} characters")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            "bad-zone", "there is no such time zone", hint="Europe/Berlin, Asia/Shanghai, UTC"
        ) from None
    return {
        "workspace.id": ids.random(8).hex(),
        "workspace.name": name.strip(),
        "workspace.language": words["language"],
        "workspace.regime": words["regime"],
        "workspace.zone": zone,
    }


@contextmanager
def _staged(folder: Path) -> Iterator[_Made]:
    """Give a folder to build in; on any error everything made is taken back."""
    _require_free(folder)
    folders = private_file.make_folder(folder)
    staging = folder / STAGING
    handle = _claim(folder, staging)
    made = _Made(folder, staging, folders, [])
    with ExitStack() as undo:
        undo.callback(os.close, handle)
        undo.callback(_take_back, made)
        yield made
        staging.rmdir()
        private_file.sync_folder(folder)
        undo.pop_all()
        os.close(handle)


def _require_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Conflict("folder-not-empty", f"{folder.name} is a file, not a folder")
    inside = {path.name for path in folder.iterdir()}
    if inside and (STAGING not in inside or inside - {STAGING, *_PARTS}):
        raise Conflict(
            "folder-not-empty",
            "the folder holds something that is no workspace",
            hint="tagwarden init a new or an empty folder",
        )


def _claim(folder: Path, staging: Path) -> int:
    """Take the staging folder, clearing away one that a killed process left; returns its lock."""
    staging.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Conflict(
            "init-running", "another process is making a workspace here", hint="wait for it"
        ) from None
    if (staging / FILE).is_file():
        settings = load(staging)
        if not settings.text("keys.ring"):  # a ring under our own random name is ours
            _remove_ring(ring_path(staging, settings))
    for path in (*staging.iterdir(), *(folder / part for part in _PARTS)):
        _remove(path)
    return handle


def _write(made: _Made, values: dict[str, Value]) -> None:
    private_file.create(made.staging / FILE, render(values).encode("utf-8"))
    paths = Paths(made.staging, made.staging)
    for folder in (paths.lake, paths.quarantine, paths.scratch):
        private_file.make_folder(folder)


def _build(ws: Workspace, made: _Made, suite: int) -> None:
    ring = create_ring(
        ws.paths.ring,
        ws.ids,
        root=made.folder,
        made=ws.clock.now(),
        suite=suite,
        guard=ws.root_key,
    )
    made.rings.append(ws.paths.ring)
    KeyStore.create(ws.paths.keystore, canary_record(ring, ws.ids))
    Evidence.create(ws.paths, ring)
    if not ws.settings.text("store.url"):
        private_file.create(ws.paths.control, b"")
    engine = open_engine(store_url(ws))
    try:
        upgrade(engine)
    finally:
        engine.dispose()
    with ws.store.write() as unit:
        unit.log(
            ws.evidence.entry(
                "workspace.created",
                regime=ws.settings.text("workspace.regime"),
                language=ws.settings.text("workspace.language"),
                founder_roles=found_by(ws, unit),
            )
        )


def _take_back(made: _Made) -> None:
    for ring in made.rings:
        _remove_ring(ring)
    for path in (made.staging, *(made.folder / part for part in _PARTS)):
        _remove(path)
    for folder in made.folders:
        folder.rmdir()


def _remove_ring(ring: Path) -> None:
    ring.unlink(missing_ok=True)
    head_path(ring).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


_NEXT = (
    "tagwarden doctor",
    "tagwarden purpose apply FILE",
    "tagwarden ingest events FILE --map MAP",
)


def _report(folder: Path, *, created: bool) -> Report:
    settings = load(folder)
    language, level = settings.text("workspace.language"), settings.text("keys.level")
    return Report(
        folder=folder,
        ring=ring_path(folder, settings),
        created=created,
        name=settings.text("workspace.name"),
        key_level=levels.CODES[level],
        protects=levels.PROTECTS[language],
        leaves_open=levels.leaves_open(level, language),
        next_steps=_NEXT,
    )
