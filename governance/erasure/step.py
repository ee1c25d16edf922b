# SPDX-License-Identifier: Apache-2.0
"""The steps of an erasure (security 5.6). From COMMITTED on it goes forward only."""

from enum import IntEnum


class Step(IntEnum):
    """How far an erasure has come: what the step says has been done."""

    CANCELLED = 0
    RESTRICTED = 1
    COMMITTED = 2
    SUPPRESSED = 3
    KEYS_DESTROYED = 4
    DATA_DELETED = 5
    DERIVED_PURGED = 6
    CHECKED = 7
    CERTIFIED = 8
    CLOSED = 9

    @property
    def code(self) -> str:
        """The step as a short code."""
        return self.name.lower().replace("_", "-")
