# SPDX-License-Identifier: Apache-2.0
"""What is on record about processing under one regime, read once; no person is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from governance.assessment import Assessment, assessments, day_of, valid
from governance.catalogue import reading
from governance.law import law_over
from governance.purpose import Purpose
from governance.requirement import requirements
from governance.settings import Settings
from governance.store import bitmaps
from policies.vocabulary import AGE_BANDS
from tagging.asking import recipients_of
from tagging.document import Tag, span_micros

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Facts:
    """What the fields are made of."""

    regime: str
    settings: Settings
    purposes: Mapping[str, Purpose]
    tags: tuple[Tag, ...]
    """Tags in use that claim a basis under the regime."""
    bands: tuple[str, ...]
    """Age bands of which somebody is on record under the regime."""
    assessments: tuple[Assessment, ...]
    missing: Mapping[str, tuple[tuple[str, str], ...]]
    """Purpose → (type, tag) of assessments that the law asks for and that nothing covers."""
    day: date
    runs: int
    last_run: int | None

    def setting(self, key: str) -> str:
        """Return a setting as text."""
        return self.settings.text(key)

    def of(self, purpose: Purpose) -> tuple[Tag, ...]:
        """Return the tags that serve a purpose."""
        return tuple(tag for tag in self.tags if purpose.key in tag.purposes)

    def recipients(self, purpose: Purpose) -> tuple[str, ...]:
        """Return who gets what serves a purpose: those of the purpose and of its tags, sorted."""
        found: set[str] = set(purpose.recipients)
        for tag in self.of(purpose):
            found |= recipients_of(tag)
        return tuple(sorted(found - {"none"}))

    def limits(self, purpose: Purpose) -> dict[str, tuple[str, bool]]:
        """Return category → (how long it may be kept, whether that is the life of a tag)."""
        tags = self.of(purpose)
        found = {source: (purpose.retention, False) for tag in tags for source in tag.sources}
        for tag in sorted(tags, key=lambda tag: span_micros(tag.ttl)):
            for category in tag.asserts:
                if category not in found or found[category][1]:
                    found[category] = (tag.ttl, True)
        return dict(sorted(found.items()))


def gather(ws: "Workspace", connection: Connection, regime: str) -> Facts:
    """Return what is on record about processing under a regime."""
    at = ws.clock.now()
    active, purposes = reading(connection)
    tags = [active[key].effective for key in sorted(active) if regime in active[key].tag.basis]
    assessed, law = valid(connection, at), law_over(connection)
    missing: dict[str, dict[tuple[str, str], None]] = {}
    for tag in tags:
        for what in requirements(tag, purposes, assessments=assessed, law=law):
            if what.regime == regime:
                found = missing.setdefault(what.purpose, {})
                found.update(dict.fromkeys((kind, tag.key) for kind in what.missing))
    runs = connection.execute(
        text("SELECT count(*) AS n, max(finished_at) AS last FROM run WHERE state = 'published'")
    ).one()
    return Facts(
        regime,
        ws.settings,
        purposes,
        tuple(tags),
        _bands(connection, regime),
        tuple(assessments(connection).values()),
        {key: tuple(found) for key, found in missing.items()},
        day_of(at),
        runs.n,
        runs.last,
    )


def _bands(connection: Connection, regime: str) -> tuple[str, ...]:
    here = bitmaps.members(connection, f"regime:{regime}")
    return tuple(band for band in AGE_BANDS if here & bitmaps.members(connection, f"age:{band}"))
