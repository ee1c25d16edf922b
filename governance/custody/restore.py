# SPDX-License-Identifier: Apache-2.0
"""Puts back what a backup of the keys holds, as far as it is lost here.

Order: everything is read, checked and staged beside the key store; then ring, head, evidence, and last
the key store, each put in its place by one rename. A kill in between leaves what was there, or
something that the same command completes.

Refuses a backup whose key was destroyed since: a rotation, or whoever asked for it, wanted that copy
dead. A key store that is older than the control store gives no number a second time; people who came
after the backup are lost, and are counted. People who were erased since are forgotten again, and stay
suppressed: the evidence log knows them, so it must not be older than what it is asked about.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from audit.errors import BadInput, Conflict, Fault, NotFound, Refused, Tampered
from audit.evidence.reading import decode
from audit.evidence.tree import root_between
from governance.authority import demand
from governance.custody.backup import VERSION, clear
from governance.evidence.head import SignedHead, head_path, write_head
from governance.evidence.log import Log, inconsistent
from governance.store import private_file, sqlite_file
from governance.store.opening import open_store
from governance.store.repair import entries_made
from governance.vault.backup import Backup, open_file
from governance.vault.canary import belongs
from governance.vault.forgetting import Forgetting
from governance.vault.journal import Journal
from governance.vault.keystore import WHAT, KeyStore
from governance.vault.ring import Ring, put_ring
from governance.vault.ring import decode as ring_in

if TYPE_CHECKING:
    from governance.workspace import Workspace

_DESTROYED: Final = b'"act":"key.kek_destroyed"'


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    key_store: bool
    ring: bool
    head: bool
    people: int
    lost: int
    """People of the control store who have no key: they came after the backup."""
    forgotten: int
    """People of the backup who were erased since, and were erased in it too."""


def restore(
    ws: "Workspace",
    file: Path,
    passphrase: Callable[[], bytes],
    *,
    replace: bool = False,
    accept_resurrection: bool = False,
) -> Restored:
    """Put back the keys from a backup; with `replace` also over keys that are whole.

    With `accept_resurrection` also where the evidence log has lost who was erased. Raises Refused
    `not-permitted`, `wrong-passphrase`, `backup-foreign`, `backup-outdated`, `evidence-outdated`,
    `ring-foreign`; Conflict `keys-alive`, `workspace-busy`; Tampered `backup-damaged`, `log-changed`.
    """
    ws.store = open_store(ws, carry=False)  # carrying what waits takes the ring
    demand(ws, "key.restore")
    words = passphrase()
    with ws.exclusive("key restore"), open_file(file) as opened:
        backup = Backup(opened, words)
        _require_ours(ws, backup)
        here = _ring_here(ws)
        with _staged(ws, backup) as staged:
            whole = here is not None and _opens(ws.paths.keystore, here)
            head = _lost_head(ws, backup.about["head"])
            if whole and not head and not replace:
                raise Conflict(
                    "keys-alive",
                    "the keys of this workspace are whole: nothing is lost",
                    hint="--replace puts the backup in their place; whoever came since is lost",
                )
            ring = here if here and _opens(staged, here) else ring_in(backup.about["ring"])
            put_store = (whole and replace) or not _opens(ws.paths.keystore, ring)
            if put_store:
                _require_alive(ws, staged, here)
            outdated = is_outdated(ws, staged)
            if outdated and not accept_resurrection:
                raise _evidence_outdated()
            forgotten = _forget(ws, staged if put_store else ws.paths.keystore, ring)
            if ring is not here:
                _put_ring(ws, backup.about["ring"])
            if head:
                write_head(head_path(ws.paths.ring), ring, head)
            people, lost = _numbers(ws, staged if put_store else ws.paths.keystore)
            done = Restored(put_store, ring is not here, head is not None, people, lost, forgotten)
            _log(ws, done, ring, resurrection=outdated)
            if put_store:
                _put_store(staged, ws.paths.keystore)
            return done


def _log(ws: "Workspace", done: Restored, ring: Ring, *, resurrection: bool) -> None:
    with ws.store.write() as unit:
        unit.log(
            ws.evidence.entry(
                "key.restored",
                epoch=ring.current,
                people=done.people,
                lost=done.lost,
                forgotten=done.forgotten,
                resurrection=resurrection,
                store=done.key_store,
                ring=done.ring,
                head=done.head,
            )
        )


def _require_ours(ws: "Workspace", backup: Backup) -> None:
    about = backup.about
    if about.get("v") != VERSION:
        raise BadInput(
            "backup-newer", "the backup was written by a newer version", hint="install that version"
        )
    if about["workspace"] != ws.settings.text("workspace.id"):
        raise Refused(
            "backup-foreign",
            "the backup is one of another workspace",
            hint="name a backup of this one",
        )


def _ring_here(ws: "Workspace") -> Ring | None:
    """Return the ring in its place, or None when there is none that can be read."""
    try:
        return ws.keys.refresh()
    except Fault as fault:
        if fault.code not in ("ring-missing", "ring-unreadable"):
            raise
        return None


@contextmanager
def _staged(ws: "Workspace", backup: Backup) -> Iterator[Path]:
    """Give the key store of the backup, whole and sound, in a file beside where it belongs."""
    keystore = ws.paths.keystore
    path = keystore.with_name(f".{keystore.name}.restored")
    try:
        private_file.make_folder(path.parent)
        clear(keystore)
        private_file.create_from(path, backup.store())
        yield path
    except OSError:
        raise Conflict(
            "disk-unwritable",
            "the key store cannot be written",
            hint=f"make room in {path.parent}; the backup is as it was",
        ) from None
    finally:
        clear(keystore)


def _opens(keystore: Path, ring: Ring) -> bool:
    """Return whether a key store is there, sound, and opens under a ring with all its keys."""
    try:
        if not sqlite_file.is_sound(keystore, WHAT):
            return False
        with closing(KeyStore.open(keystore)) as store:
            return belongs(store, ring) and store.epochs().keys() <= ring.epochs.keys()
    except (NotFound, Tampered):
        return False


def _require_alive(ws: "Workspace", staged: Path, here: Ring | None) -> None:
    """Return when no key that wraps something in the backup was destroyed; raises Refused."""
    with closing(KeyStore.open(staged)) as store:
        wanted = {store.epoch(), *store.epochs()}
    gone = {*(here.gone if here else ()), *_destroyed(ws)}
    if wanted & gone:
        raise Refused(
            "backup-outdated",
            "the key of this backup was destroyed by a rotation since",
            hint="restore a backup that was made after it, and destroy this one",
        )


def is_outdated(ws: "Workspace", *stores: Path) -> bool:
    """Return whether the evidence log is older than these key stores, the one here, or the control store.

    Then it may not know everybody who was erased.
    """
    with (
        closing(Journal.open(ws.paths.evidence)) as journal,
        closing(Log.open(ws.paths.evidence)) as log,
    ):
        last, source = journal.last(), log.last_source()
    for path in (ws.paths.keystore, *stores):
        with suppress(NotFound, Tampered), closing(KeyStore.open(path)) as store:
            if store.followed() > last:
                return True
    if ws.store.engine.dialect.name != "sqlite":
        return False
    with ws.store.read() as connection:
        waiting = connection.execute(
            text("SELECT count(*) FROM outbox WHERE id > :n"), {"n": source}
        ).scalar_one()
        return entries_made(connection) - source > int(waiting)


def _forget(ws: "Workspace", keystore: Path, ring: Ring) -> int:
    """Forget in a key store who was erased since; returns how many people they were."""
    with (
        closing(KeyStore.open(keystore)) as store,
        closing(Journal.open(ws.paths.evidence)) as journal,
    ):
        if store.followed() > journal.last():  # accepted: it goes on from what is still known
            with store.writing():
                store.put_followed(journal.last())
        return Forgetting(store, lambda: ring, journal).follow()


def _evidence_outdated() -> Refused:
    return Refused(
        "evidence-outdated",
        "the evidence log is older than the keys or the control store: it may have lost who was erased",
        hint="restore evidence/log.db from its newest backup first; where there is none, and only then: "
        "--accept-resurrection",
    )


def _destroyed(ws: "Workspace") -> set[int]:
    """Return the epochs whose key was destroyed, as the evidence log says."""
    with closing(Log.open(ws.paths.evidence)) as log, log.reading():
        try:
            found = [decode(row.entry) for row in log.rows() if _DESTROYED in row.entry]
            return {int(entry.facts["epoch"]) for entry in found}
        except (ValueError, KeyError):
            raise inconsistent() from None


def _lost_head(ws: "Workspace", old: Mapping[str, Any]) -> SignedHead | None:
    """Return the head to be signed when it is lost, of a log that goes on from the old head.

    What was appended since stands unproven: nothing here knows what was signed after the backup.
    """
    if head_path(ws.paths.ring).exists():
        return None
    with closing(Log.open(ws.paths.evidence)) as log, log.reading() as state:
        known = old["size"] <= state.head.size
        if not known or root_between(log, 0, old["size"]).hex() != old["root"]:
            raise Tampered(
                "log-changed",
                "the evidence log does not go on from where it stood at the time of the backup",
                hint="restore evidence/log.db from its newest backup first",
            )
        return SignedHead(state.head)


def _put_ring(ws: "Workspace", value: Mapping[str, object]) -> None:
    path = ws.paths.ring
    if path.exists():
        raise Refused(
            "ring-foreign",
            "in the place of the key ring is one that opens nothing here",
            hint=f"move {path} away (it may be another workspace's), then repeat the command",
        )
    put_ring(path, value, ws.ids, root=ws.paths.root, guard=ws.root_key)
    ws.keys.refresh()


def _numbers(ws: "Workspace", keystore: Path) -> tuple[int, int]:
    """Reserve every number of the control store; returns how many people have a key, and how many lost it."""
    with ws.store.read() as connection:
        known = set(connection.execute(text("SELECT subject_id FROM subject")).scalars())
    with closing(KeyStore.open(keystore)) as store:
        keyed = store.numbers()
        with store.writing():
            store.reserve(max(known, default=0))
    return len(keyed), len(known - keyed)


def _put_store(staged: Path, keystore: Path) -> None:
    """Put the staged store in its place; the log of the old one must not be read into it."""
    with closing(KeyStore.open(staged)) as store:
        store.lone()
    try:
        with closing(KeyStore.open(keystore)) as old:
            old.lone()
    except (NotFound, Tampered):
        for end in ("-wal", "-shm"):
            keystore.with_name(keystore.name + end).unlink(missing_ok=True)
    staged.replace(keystore)
    private_file.sync_folder(keystore.parent)
