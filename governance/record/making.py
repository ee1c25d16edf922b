# SPDX-License-Identifier: Apache-2.0
"""Makes the record of processing of a workspace for one regime."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from audit.errors import BadInput
from governance.purpose import Purpose
from governance.record import gdpr, pipl
from governance.record.facts import Facts, gather
from governance.record.fields import Entry, Field, Record
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.workspace import Workspace

_FIELDS: Final[Mapping[str, Callable[[Facts, Purpose], tuple[Field, ...]]]] = {
    "gdpr": gdpr.fields,
    "pipl_cn": pipl.fields,
}
REGIMES: Final = tuple(_FIELDS)
"""The regimes whose law asks for such a record."""


def record_of(ws: "Workspace", regime: str) -> Record:
    """Return the record of processing; raises BadInput `no-record` for a regime without one."""
    if regime not in _FIELDS:
        raise BadInput(
            "no-record",
            f'the law of "{regime}" asks for no record of processing',
            hint="tagwarden policy record --regime " + " | ".join(REGIMES),
        )
    with ws.store.read() as connection:
        facts = gather(ws, connection, regime)
    entries = tuple(
        Entry(key, Text(purpose.name.en, purpose.name.zh), _FIELDS[regime](facts, purpose))
        for key, purpose in sorted(facts.purposes.items())
    )
    return Record(regime, ws.settings.text("workspace.name"), ws.clock.now(), entries)
