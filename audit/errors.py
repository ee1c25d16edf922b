# SPDX-License-Identifier: Apache-2.0
"""One family of faults for the whole product.

A fault carries a stable kebab-case code, one sentence without personal data, and a hint that says
how to mend it. The class fixes the exit status of the command line; nothing else maps errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document: what, where, and the way out."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def place(self) -> str:
        """Return `file:line:column`, as far as known."""
        parts = [self.file] if self.file else []
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class Fault(Exception):  # noqa: N818  (Fault is the word of the house)
    """A refusal or failure that a person must read. Never carries personal data."""

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        facts: Mapping[str, Fact] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.facts: dict[str, Fact] = dict(facts or {})
        self.problems = tuple(problems)


class Finding(Fault):
    """The check ran and the answer is no."""

    exit_code = 1


class BadInput(Fault):
    """Wrong arguments or documents."""

    exit_code = 2


class Refused(Fault):
    """Policy, consent, budget or a missing approval says no."""

    exit_code = 3


class NotFound(Fault):
    """No such tag, subject or request."""

    exit_code = 4


class Conflict(Fault):
    """The world moved, somebody else is at it, or the state does not permit it."""

    exit_code = 5


class Tampered(Fault):
    """A log, a signature or a decryption failed."""

    exit_code = 6


class Unsafe(Fault):
    """Over a safety threshold: needs an approval or a forced reason."""

    exit_code = 7


@dataclass(slots=True)
class Problems:
    """Collects every problem of a file, so that they are reported at once."""

    file: str = ""
    found: list[Problem] = field(default_factory=list)

    def add(
        self, code: str, message: str, *, line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        """Note one problem of this file."""
        self.found.append(Problem(code, message, self.file, line, column, hint))

    def raise_if_any(self, code: str, message: str) -> None:
        """Raise BadInput with all the problems found; returns when there are none."""
        if self.found:
            raise BadInput(code, message, problems=self.found)
