# SPDX-License-Identifier: Apache-2.0
"""One run, from top to bottom: snapshot → gate → facts → cut points → values → difference → publish.

Refuses nothing by itself: whom the gate does not permit is not read, and is counted with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import Micros
from audit.errors import NotFound
from governance import closing
from governance.authority import demand
from governance.gate import table as gate_table
from governance.purpose import purposes
from governance.running import attributes as declared
from governance.running import bookkeeping, publish
from governance.running.evaluation import Evaluation, ProgressUpdate
from governance.running.flush import flush
from governance.running.report import RunReport, TagCount
from governance.running.snapshot import latest_cuts, ledger, take
from governance.store import bitmaps
from governance.store.unit import Unit
from governance.workspace import Workspace
from tagging.rules.tree import Segment, rests_on


def run_all(
    ws: Workspace,
    *,
    keys: Iterable[str] | None = None,
    as_of: Micros | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> RunReport:
    """Compute tags for all people (periodic refresh) and return what changed.

    Raises NotFound `no-tags` when there is none to compute, Conflict when a run is going on.
    """
    return _Run(ws, "all", as_of or ws.clock.now(), progress).go(keys, None)


def run_some(
    ws: Workspace,
    people: BitMap,
    *,
    mode: str = "some",
    keys: Iterable[str] | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> RunReport:
    """Compute tags for some people only (triggered refresh) and return what changed."""
    return _Run(ws, mode, ws.clock.now(), progress).go(keys, people)


def run_triggered(
    ws: Workspace, *, progress: ProgressUpdate = lambda _done, _total: None
) -> RunReport | None:
    """Compute the tags that new events trigger, for the people who have such events.

    Returns None when nothing is waiting.
    """
    with ws.store.read() as connection:
        waiting = bookkeeping.touched(connection)
        snapshot = take(ws, connection, None, ws.clock.now())
    keys = {key for key, tag in snapshot.tags.items() if set(tag.tag.refresh.on) & set(waiting)}
    types = {kind for key in keys for kind in snapshot.tags[key].tag.refresh.on}
    people = BitMap.union(*(waiting[kind] for kind in types & set(waiting))) if keys else BitMap()
    return run_some(ws, people, mode="triggered", keys=keys, progress=progress) if people else None


def run_due(
    ws: Workspace, *, progress: ProgressUpdate = lambda _done, _total: None
) -> RunReport | None:
    """Compute again the people who have a tag that has lapsed; None when there are none."""
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT subject_id FROM assignment WHERE valid_to IS NULL AND lapses_at <= :t"
            ),
            {"t": ws.clock.now()},
        )
        people = BitMap(row[0] for row in rows)
    return run_some(ws, people, mode="due", progress=progress) if people else None


@dataclass(slots=True)
class _Run:
    """One run, from the lock to the evidence."""

    ws: Workspace
    mode: str
    as_of: Micros
    progress: ProgressUpdate

    def go(self, keys: Iterable[str] | None, only: BitMap | None) -> RunReport:
        """Do the run under the lock of long work."""
        demand(self.ws, "run")
        with self.ws.exclusive("run"):
            flush(self.ws)
            with self.ws.store.read() as connection:
                snapshot = take(self.ws, connection, keys, self.as_of, in_bulk=True)
                if not snapshot.tags:
                    hint = "tagwarden tag list" if snapshot.lacking else "tagwarden tag plan DIR"
                    raise NotFound("no-tags", "there is no active tag to compute", hint=hint)
                cuts = latest_cuts(connection, snapshot.tags)
                moved = BitMap.union(BitMap(), *bookkeeping.touched(connection).values())
                attributes = declared.for_run(self.ws, connection, snapshot, only)
            evaluation = Evaluation(
                self.ws,
                snapshot,
                publish.begin(self.ws, self.mode, self.as_of),
                only,
                moved,
                attributes,
                cuts,
                self.progress,
            )
            evaluation.go()
            return self._publish(evaluation)

    def _publish(self, run: Evaluation) -> RunReport:
        snapshot, only = run.snapshot, run.only
        for tag in snapshot.tags.values():
            run.number(tag, ())
        with self.ws.store.write() as unit:
            allowed = _still_permitted(unit, run)
            audiences: dict[int, BitMap] = {}
            counts = []
            roots = {key: tag.root for key, tag in snapshot.tags.items()}
            now = self.ws.clock.now()
            for key, tag in snapshot.tags.items():
                people = allowed[key] if only is None else allowed[key] & only
                values, closed = _settle(unit, run, key, people, audiences)
                stopped = bool(tag.standing.stopped(now))
                told = not stopped and not rests_on(tag.root, Segment, roots)
                refused = snapshot.gate.refused[key] if only is None else {}
                counts.append(
                    TagCount(
                        key,
                        tag.version,
                        len(people),
                        refused,
                        values,
                        run.opened[key],
                        closed,
                        told=told,
                        audit=tag.standing.said(now),
                        stopped=stopped,
                    )
                )
            bookkeeping.close_superseded(unit, self.as_of)
            if only is None:
                bookkeeping.keep_cuts(unit, snapshot.tags, run.publisher.run_id, run.fitted)
                bookkeeping.mark_evaluated(unit, snapshot.tags, self.as_of)
            bookkeeping.forget_touched(unit, only)
            evaluated = BitMap.union(*allowed.values())
            report = RunReport(
                run.publisher.name,
                self.mode,
                self.as_of,
                snapshot.gate.universe,
                len(evaluated if only is None else evaluated & only),
                tuple(counts),
                snapshot.lacking,
            )
            publish.finish(unit, run.publisher, audiences, report.to_dict())
        return report


def _still_permitted(unit: Unit, run: Evaluation) -> dict[str, BitMap]:
    """Return who is permitted now, per tag: consents may have been withdrawn during the run."""
    gate, tags = run.snapshot.gate, run.snapshot.tags
    before = {key: gate.classes[gate.class_of[key]] for key in tags}
    if ledger(unit.connection) == run.snapshot.ledger:
        return before
    documents = [tag.effective for tag in tags.values()]
    now = gate_table(unit.connection, documents, run.as_of, purposes(unit.connection))
    allowed = {key: before[key] & now.classes[now.class_of[key]] for key in before}
    for key, people in allowed.items():
        for tv in run.numbers[key].values():
            publish.take_back(unit.connection, run.publisher.run_id, tv, run.new[tv] - people)
            run.new[tv] &= people
    return allowed


def _settle(
    unit: Unit, run: Evaluation, key: str, allowed: BitMap, audiences: dict[int, BitMap]
) -> tuple[dict[str, int], int]:
    """Close what no longer holds for one tag; return its people by value, and the closed.

    Somebody may have moved since the run began: only what this run saw is undone, and only what it
    opened itself is added.
    """
    values: dict[str, int] = {}
    closed = 0
    for value, tv in run.numbers[key].items():
        now, seen = bitmaps.members(unit.connection, f"tv:{tv}"), run.old[tv]
        gone = (now & seen if run.only is None else now & seen & run.only) - run.new[tv]
        closed += closing.close(unit.connection, tv, gone & allowed, run.as_of, "rule")
        closed += closing.close(unit.connection, tv, gone - allowed, run.as_of, "gate")
        audiences[tv] = (now - gone) | (run.new[tv] - seen)
        if audiences[tv]:
            values[value] = len(audiences[tv])
    return values, closed
