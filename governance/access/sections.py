# SPDX-License-Identifier: Apache-2.0
"""The sections of a package, in the order in which a person reads them."""

from typing import Final

from governance.access import (
    asked,
    events,
    holding,
    leaving,
    permissions,
    person,
    proofs,
    tags,
    trail,
)
from governance.access.section import Section

SECTIONS: Final[tuple[Section, ...]] = (
    person.IDENTITIES,
    person.SUBJECT,
    person.ATTRIBUTES,
    person.CORRECTIONS,
    tags.TAGS,
    tags.PAST,
    permissions.CONSENTS_NOW,
    permissions.CHOICES_NOW,
    permissions.CONSENTS,
    permissions.CHOICES,
    asked.REQUESTS,
    asked.STEPS,
    leaving.ERASURES,
    holding.HOLDS,
    holding.NOTIFICATIONS,
    proofs.PROOFS,
    trail.LOGGED,
    trail.WAITING,
    events.LIVE,
    events.LAKE,
    person.SETS,
    person.CHANGES,
)


def sections(*, portable: bool) -> tuple[Section, ...]:
    """Return the sections of a package, or those of portability: given and observed, not inferred."""
    return tuple(section for section in SECTIONS if section.given or not portable)
