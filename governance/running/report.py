# SPDX-License-Identifier: Apache-2.0
"""What a run did: counts and codes, nothing about anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.clock import Micros, iso


@dataclass(frozen=True, slots=True)
class TagCount:
    """What a run did with one tag."""

    key: str
    version: int
    permitted: int
    refused: Mapping[str, int]
    values: Mapping[str, int]
    opened: int
    closed: int
    told: bool = True
    """Whether its people are told: exact sizes beside the noisy ones of segments would undo the noise,
    and a tag that is stopped is shown to nobody."""
    audit: str = ""
    """What the policy of audits says of it (a code)."""
    stopped: bool = False
    """Whether it is stopped because of that."""

    @property
    def tagged(self) -> int:
        """How many people have the tag now, with whichever value."""
        return sum(self.values.values())


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did."""

    name: str
    mode: str
    as_of: Micros
    universe: int
    people: int
    tags: tuple[TagCount, ...]
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tags that were not computed, with what they are made of and is not in use."""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data: counts and codes only."""
        return {
            "run": self.name,
            "mode": self.mode,
            "as_of": iso(self.as_of),
            "people_known": self.universe,
            "people_evaluated": self.people,
            "opened": sum(tag.opened for tag in self.tags if tag.told),
            "closed": sum(tag.closed for tag in self.tags if tag.told),
            "gated_out": sum(sum(tag.refused.values()) for tag in self.tags),
            "tags": {
                tag.key: {
                    "version": tag.version,
                    "permitted": tag.permitted,
                    "gated_out": dict(tag.refused),
                    "tagged": tag.tagged if tag.told else None,
                    "values": dict(tag.values) if tag.told else {},
                    "opened": tag.opened if tag.told else None,
                    "closed": tag.closed if tag.told else None,
                    **({"audit": tag.audit, "stopped": tag.stopped} if tag.audit else {}),
                }
                for tag in self.tags
            },
            **(
                {"not_computed": {key: [*keys] for key, keys in self.lacking.items()}}
                if self.lacking
                else {}
            ),
        }
