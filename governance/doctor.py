# SPDX-License-Identifier: Apache-2.0
"""Says what is wrong with a workspace, what is waiting, and what to type. Changes nothing.

Each check is one small function; one that cannot run says why, and the others still do.
"""

import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import text

from audit.clock import SECOND, FixedClock, iso
from audit.errors import Fault
from audit.evidence.reading import TOLERANCE_MS
from governance import promises
from governance.assessment import assessments, day_of
from governance.auditing import watching
from governance.custody.status import backup_warning, days, status
from governance.evidence import Evidence
from governance.evidence.log import WHAT as LOG
from governance.law import law_over
from governance.learning.due import overdue
from governance.overlay import in_force, proposed
from governance.store import sqlite_file
from governance.store.opening import open_existing, require_head, store_url
from governance.store.repair import is_rolled_back, orphans
from governance.store.unit import Store
from governance.vault.keystore import WHAT as KEYS
from governance.vault.keystore import KeyStore
from governance.vault.people import People

if TYPE_CHECKING:
    from governance.workspace import Workspace

Result = Literal["ok", "warn", "bad"]

LITTLE_ROOM: Final = 1_000_000_000
NO_ROOM: Final = 100_000_000
LEVELS: Final = {
    "file": "level K0: whoever can read this file, or is administrator here, can read everything",
    "passphrase": "level K1: sealed with a passphrase; an administrator here can read it in use",
    "keyring": "level K2: sealed with a key in the keyring of this account, open while it is",
    "pkcs11": "level K4: sealed in a token; an administrator here can read it in use",
}
SOON_DAYS: Final = 30
LATE_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found."""

    code: str
    result: Result
    what: str
    hint: str = ""


@dataclass(slots=True)
class _Ward:
    """The workspace under examination; its store is opened without the repairs of a usual start."""

    ws: "Workspace"
    store: Store | None = None

    @property
    def control(self) -> Store:
        """The control store; a check that needs it runs after `schema` only."""
        if self.store is None:
            raise Fault("not-open", "the control store could not be opened")
        return self.store

    def count(self, query: str) -> int:
        """Return the number that a query over the control store gives."""
        with self.control.read() as connection:
            return int(connection.execute(text(query)).scalar_one())


def examine(ws: "Workspace") -> list[Check]:
    """Return the findings of all checks, in a fixed order."""
    ward = _Ward(ws)
    findings = []
    with ExitStack() as opened:
        for code, check, needs_store in _CHECKS:
            if needs_store and ward.store is None:
                continue
            try:
                findings.append(Check(code, *check(ward)))
            except Fault as fault:
                findings.append(Check(code, "bad", fault.message, fault.hint))
            if code == "schema" and ward.store:
                opened.callback(ward.store.close)
    return findings


_Found = tuple[Result, str] | tuple[Result, str, str]


def _settings(ward: _Ward) -> _Found:
    settings = ward.ws.settings
    if not settings.text("workspace.id"):
        return (
            "bad",
            "tagwarden.toml has no workspace.id: the key ring is looked for under another name",
            "restore the file from its backup",
        )
    given = sum(origin != "default" for origin in settings.origins.values())
    return "ok", f"{given} settings are not at their default"


def _clock(ward: _Ward) -> _Found:
    now = ward.ws.clock.now()
    if isinstance(ward.ws.clock, FixedClock):
        return (
            "warn",
            f"the clock stands still at {iso(now)}",
            "remove clock.fixed from tagwarden.toml when this is not a demonstration",
        )
    with closing(Evidence.open(ward.ws)) as evidence:
        behind_ms = evidence.latest_ms - now // 1000
    if behind_ms > TOLERANCE_MS:
        return (
            "bad",
            f"the machine's clock is {behind_ms // 1000} s behind the evidence log",
            "set the clock; until then entries take the time of the latest one",
        )
    return "ok", "the machine's clock is not behind the evidence log"


def _schema(ward: _Ward) -> _Found:
    engine = open_existing(store_url(ward.ws))
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        require_head(engine)
        undo.pop_all()
    ward.store = Store(engine)
    return "ok", "the control store has the schema of this version"


def _store(ward: _Ward) -> _Found:
    if ward.control.engine.dialect.name != "sqlite":
        return "ok", "the database server looks after the control store"
    with ward.control.read() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        return "bad", "the control store is damaged", "restore data/control.db from its backup"
    return "ok", "the control store is sound"


def _ring(ward: _Ward) -> _Found:
    _ = ward.ws.keys.ring
    return "ok", f"the key ring is in its place, for the owner only ({LEVELS[ward.ws.keys.level]})"


def _rotation(ward: _Ward) -> _Found:
    found = status(ward.ws)
    if found.unfinished or found.old:
        return (
            "warn",
            f"a rotation of the keys was not finished; the key of epoch {found.epoch} is in force",
            "a custodian finishes it: tagwarden key rotate --finish",
        )
    return "ok", f"every data key is under epoch {found.epoch}, and no older key is left"


def _backups(ward: _Ward) -> _Found:
    found, now = status(ward.ws), ward.ws.clock.now()
    wrong, hint = backup_warning(found, now, ward.ws.settings.number("keys.backup_days"))
    if wrong:
        return "warn", wrong, hint
    if not found.backups:
        return "ok", "nobody has a key yet that could be lost"
    return "ok", f"the newest backup of the keys is {days(found.backups[-1], now)} days old"


def _keystore(ward: _Ward) -> _Found:
    if not sqlite_file.is_sound(ward.ws.paths.keystore, KEYS):
        return "bad", "the key store is damaged", "a custodian: tagwarden key restore FILE"
    with closing(People.open(ward.ws)):
        return "ok", "the key store is sound and opens under this key ring"


def _licences(ward: _Ward) -> _Found:
    people = ward.count("SELECT count(*) FROM subject")
    with closing(KeyStore.open(ward.ws.paths.keystore)) as store:
        keys = store.count()
    if people > keys:
        return (
            "bad",
            f"{people} people are in the control store, but only {keys} have a key",
            "tagwarden erasure run, when an erasure was interrupted; or else restore a newer key store",
        )
    return "ok", f"{people} people, each with a key"


def _evidence(ward: _Ward) -> _Found:
    if not sqlite_file.is_sound(ward.ws.paths.evidence, LOG):
        return "bad", "the evidence log is damaged", "restore evidence/log.db from its backup"
    with closing(Evidence.open(ward.ws)) as evidence:
        head = evidence.standing()
    return "ok", f"{head.size} entries, standing at the signed head", "tagwarden audit log verify"


def _anchors(ward: _Ward) -> _Found:
    hint = "tagwarden audit log anchor, at least once a day"
    with closing(Evidence.open(ward.ws)) as evidence:
        if not evidence.anchors:
            return "ok", "no anchor is set: whoever owns this machine could put the log back unseen"
        size = evidence.standing().size
        evidence.anchors.compare()
        newest, lost = evidence.anchors.newest(), evidence.anchors.unreachable()
    if lost:
        return "warn", f"out of reach: {', '.join(lost)}", hint
    if newest is None:
        return "warn", "no checkpoint has left this machine yet", hint
    hours = (ward.ws.clock.now() // SECOND - newest.seconds) // 3600
    left = (
        f"the newest checkpoint outside is {hours} h old, over {newest.head.size} of {size} entries"
    )
    return ("warn", left, hint) if hours >= LATE_HOURS and newest.head.size < size else ("ok", left)


def _order(ward: _Ward) -> _Found:
    if is_rolled_back(ward.ws, ward.control):
        return (
            "bad",
            "the control store is older than the evidence log: it was put back from a copy",
            "restore the newest copy of data/control.db, or: tagwarden db accept",
        )
    return "ok", "control store and evidence log belong to the same time"


def _outbox(ward: _Ward) -> _Found:
    waiting = ward.count("SELECT count(*) FROM outbox")
    if waiting:
        return (
            "warn",
            f"{waiting} evidence entries wait for the log",
            "the next command carries them; if they stay, look at the evidence check",
        )
    return "ok", "no evidence entry is waiting"


def _lake(ward: _Ward) -> _Found:
    lake = ward.ws.paths.lake
    with ward.control.read() as connection:
        rows = connection.execute(text("SELECT path, size_bytes FROM lakepart"))
        parts = {str(path): int(size) for path, size in rows}
    wrong = [
        path
        for path, size in parts.items()
        if not (lake / path).is_file() or (lake / path).stat().st_size != size
    ]
    if wrong:
        return (
            "bad",
            f"{len(wrong)} of {len(parts)} files of the event lake are missing or cut",
            "restore data/lake from its backup, or ingest the files again",
        )
    lost = len(orphans(lake, set(parts)))
    if lost:
        return (
            "warn",
            f"{lost} files in the event lake belong to no intake",
            "the next start removes them, unless an intake is running now",
        )
    return "ok", f"{len(parts)} files in the event lake, all there"


def _runs(ward: _Ward) -> _Found:
    open_runs = ward.count("SELECT count(*) FROM run WHERE state = 'running'")
    if open_runs:
        return "warn", f"{open_runs} runs did not finish", "tagwarden run all"
    return "ok", "no run was left unfinished"


def _assessments(ward: _Ward) -> _Found:
    today = day_of(ward.ws.clock.now())
    with ward.control.read() as connection:
        left = {one.key: (one.review_by - today).days for one in assessments(connection).values()}
    late = [key for key, days in left.items() if days < 0]
    soon = [key for key, days in left.items() if 0 <= days <= SOON_DAYS]
    hint = "review them, then: tagwarden assessment apply FILE"
    if late:
        return "warn", f"overdue, so the gate stops what they cover: {', '.join(late)}", hint
    if soon:
        return "warn", f"to be reviewed in {SOON_DAYS} days at most: {', '.join(soon)}", hint
    return "ok", f"{len(left)} assessments, none to be reviewed soon"


def _models(ward: _Ward) -> _Found:
    with ward.control.read() as connection:
        late = overdue(connection, ward.ws.clock.now())
    if late:
        return (
            "warn",
            f"models past the date by which they are trained again: {', '.join(late)}",
            (
                "set train_at and try_at in the document, then: tagwarden model train DOCUMENT; "
                "a tag that names the old training is changed to name the new one"
            ),
        )
    return "ok", "no model is past the date by which it is trained again"


def _promise(check: promises.Check) -> Callable[[_Ward], _Found]:
    def run(ward: _Ward) -> _Found:
        with ward.control.read() as connection:
            return check(ward.ws, connection)

    return run


def _law(ward: _Ward) -> _Found:
    with ward.control.read() as connection:
        law_over(connection)
        waits = sorted(proposed(connection))
        counts = len(in_force(connection))
    if waits:
        hint = "another operator reads and approves them: tagwarden policy overlays"
        return "warn", f"overlays of the law that nobody approved yet: {', '.join(waits)}", hint
    return "ok", f"the packs of this version, with {counts} overlays in force"


def _room(ward: _Ward) -> _Found:
    free = shutil.disk_usage(ward.ws.paths.root).free
    result: Result = "bad" if free < NO_ROOM else "warn" if free < LITTLE_ROOM else "ok"
    hint = "" if result == "ok" else "make room before the next intake"
    return result, f"{free / 1e9:.1f} GB free on the disk", hint


def _quarantine(ward: _Ward) -> _Found:
    folder = ward.ws.paths.quarantine
    held = sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 0
    if held:
        said = f"rejected rows of {held} files are in quarantine: they hold personal data"
        return "warn", said, f"look at {folder}, mend the source, ingest again, then delete them"
    return "ok", "nothing is in quarantine"


_CHECKS: Final[tuple[tuple[str, Callable[[_Ward], _Found], bool], ...]] = (
    ("settings", _settings, False),
    ("schema", _schema, False),
    ("store", _store, True),
    ("key-ring", _ring, False),
    ("key-store", _keystore, False),
    ("rotation", _rotation, False),
    ("key-backup", _backups, False),
    ("licences", _licences, True),
    ("evidence", _evidence, False),
    ("anchors", _anchors, False),
    ("clock", _clock, False),
    ("order", _order, True),
    ("outbox", _outbox, True),
    ("lake", _lake, True),
    ("runs", _runs, True),
    ("law", _law, True),
    ("assessments", _assessments, True),
    ("models", _models, True),
    ("requests", _promise(promises.requests), True),
    ("calendars", _promise(promises.calendars), True),
    ("erasures", _promise(promises.erasures), True),
    ("holds", _promise(promises.holds), True),
    ("notifications", _promise(promises.notifications), True),
    ("audits", _promise(watching.standing), True),
    ("reports", _promise(watching.reports), True),
    ("unaudited", _promise(watching.unaudited), True),
    ("findings", _promise(watching.waivers), True),
    ("disk", _room, False),
    ("quarantine", _quarantine, False),
)
