# SPDX-License-Identifier: Apache-2.0
"""Text of a rule → SQLGlot's nodes: the grammar of DuckDB without any function of its own.

What comes out has no meaning yet; `reader` lets only a closed list of nodes through.
"""

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

PREFIX = len("SELECT ")
"""A rule is read as the one column of a SELECT: places in it are shifted by this."""

_OPEN = re.compile(r"Missing .* from \d+:(\d+)")
"""How the tokenizer says at which letter a quote was opened that is never closed."""


class Unreadable(Exception):  # noqa: N818  (what the text is)
    """The text is not one expression; line and column count from 1 inside of the text."""

    def __init__(self, code: str, message: str, place: tuple[int, int], hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.place, self.hint = code, message, place, hint


class RuleText(DuckDB):
    """DuckDB's grammar without its functions: every call is ours to understand."""

    class Parser(DuckDB.Parser):  # type: ignore[misc,valid-type]
        """The grammar, without the calls that it would take for its own."""

        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012
        FUNCTION_PARSERS: dict[str, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012
        NO_PAREN_FUNCTION_PARSERS: dict[str, Any] = {  # noqa: RUF012
            "CASE": DuckDB.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }


def expression(text: str) -> Any:
    """Return SQLGlot's node of the one expression in `text`; raises Unreadable."""
    try:
        statements = sqlglot.parse("SELECT " + text, dialect=RuleText)
    except RecursionError:
        raise Unreadable("rule-too-deep", "the rule is nested too deeply", (1, 1), "") from None
    except SqlglotError as error:
        raise Unreadable(
            "rule-syntax",
            "the rule cannot be read",
            _place(error, text),
            "check brackets, quotes and operators near this place",
        ) from None
    root = statements[0] if len(statements) == 1 else None
    clean = isinstance(root, exp.Select) and not any(
        value for key, value in root.args.items() if key != "expressions"
    )
    if not clean or root is None or len(root.expressions) != 1:
        raise Unreadable(
            "rule-not-one-expression",
            "a rule is one expression, nothing else",
            (1, 1),
            "for example: orders(days => 30) >= 3",
        )
    return root.expressions[0]


def _place(error: SqlglotError, text: str) -> tuple[int, int]:
    found = next(iter(getattr(error, "errors", None) or ()), None)
    if found:  # the last letter of the word that the parser fell over
        line, column = int(found["line"]), int(found["col"]) - len(found["highlight"]) + 1
        return line, max(1, column - (PREFIX if line == 1 else 0))
    opened = _OPEN.search(str(error.__cause__))
    return place(text, int(opened[1]) - PREFIX if opened else 0)


def place(text: str, offset: int) -> tuple[int, int]:
    """Return (line, column) of a letter of the text, both from 1."""
    before = text[: max(0, offset)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
