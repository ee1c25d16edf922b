# SPDX-License-Identifier: Apache-2.0
"""What another pack would change here: which active tags, and for how many people. Writes nothing.

Both sides are the gate itself, once under the law of the workspace, once under the other one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from audit.clock import Micros
from governance.catalogue import active
from governance.gate import Gate
from governance.law import law_over
from governance.purpose import Purpose, purposes
from governance.requirement import answer_for
from governance.workspace import Workspace
from policies.difference import Answered, compared
from policies.law import Law
from policies.rules import Pack
from policies.vocabulary import AGE_BANDS
from tagging.document import Tag


@dataclass(frozen=True, slots=True)
class Changed:
    """One purpose of a tag whose answer changes, for people of some age bands."""

    purpose: str
    bands: tuple[str, ...]
    how: Answered


@dataclass(frozen=True, slots=True)
class Simulated:
    """What would change for one tag: its answers, and how many people lose or gain it."""

    tag: str
    answers: tuple[Changed, ...]
    lose: int
    gain: int

    @property
    def worse(self) -> bool:
        """Whether somebody loses the tag, or an answer gets stricter."""
        return self.lose > 0 or any(item.how.way == "stricter" for item in self.answers)


def simulate(ws: Workspace, pack: Pack) -> tuple[Simulated, ...]:
    """Return the active tags for which a pack would change something, by their keys."""
    now = ws.clock.now()
    with ws.store.read() as connection:
        law = law_over(connection)
        other = replace(law, packs={**law.packs, str(pack.regime): pack})
        tags = {key: item.tag for key, item in active(connection).items() if item.state == "active"}
        return tuple(_simulated(connection, tags, now, (law, other), str(pack.regime)))


def _simulated(
    connection: Connection,
    tags: Mapping[str, Tag],
    now: Micros,
    laws: tuple[Law, Law],
    regime: str,
) -> Iterator[Simulated]:
    known = purposes(connection)
    before, after = (Gate(connection, now, known, under=law) for law in laws)
    for key, tag in sorted(tags.items()):
        changed = tuple(_answers(tag, known, laws, regime))
        one, other = before.people(tag), after.people(tag)
        if changed or one != other:
            yield Simulated(key, changed, len(one - other), len(other - one))


def _answers(
    tag: Tag, known: Mapping[str, Purpose], laws: tuple[Law, Law], regime: str
) -> Iterator[Changed]:
    for name in tag.purposes:
        if name not in known:
            continue
        found: dict[tuple[object, ...], Changed] = {}
        for band in AGE_BANDS:
            old, new = (answer_for(tag, known[name], (regime, band), law) for law in laws)
            how = compared(name, old, new)
            if how is not None:
                same = (old.rule, new.rule, old.verdict, new.verdict, how.added, how.dropped)
                one = found.get(same) or Changed(name, (), how)
                found[same] = replace(one, bands=(*one.bands, band))
        yield from found.values()
