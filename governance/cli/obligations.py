# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy obligations`: what the law asks, and what of it the product covers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, a_language, emit, table

if TYPE_CHECKING:
    from policies.obligations import Obligation


def obligations(
    regime: Annotated[str | None, typer.Argument(help="gdpr, pipl_cn or ccpa.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only rows that are done, partly or open.")
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", help="Language: en or zh.", callback=a_language)
    ] = "en",
    as_json: Json = False,
) -> None:
    """List what the law asks, and what covers it.

    Example: tagwarden policy obligations pipl_cn --state open
    """
    from audit.errors import BadInput
    from policies.obligations import COVERAGES, counts, register
    from policies.obligations import obligations as known

    if state is not None and state not in COVERAGES:
        raise BadInput("unknown-state", "there is no such state", hint=", ".join(COVERAGES))
    rows = known(regime)
    shown = [row for row in rows if state in (None, row.state)]
    data = {
        "as_of": register().as_of,
        "counts": counts(rows),
        "obligations": [_plain(row) for row in shown],
    }
    emit(data, as_json, lambda: _lines(shown, counts(rows), "zh" if lang == "zh" else "en"))


def _plain(row: "Obligation") -> dict[str, Any]:
    return {
        "id": row.id,
        "regime": row.regime,
        "article": row.article,
        "when": dict(row.when),
        "must": dict(row.must),
        "kind": row.kind,
        "severity": row.severity,
        "state": row.state,
        "by": dict(row.by) or None,
        "lacks": dict(row.lacks) or None,
        "rules": list(row.rules),
        "reasons": list(row.reasons),
        "documents": list(row.documents),
        "acts": list(row.acts),
        "commands": list(row.commands),
        "clocks": list(row.clocks),
        "provenance": row.provenance,
        "sources": list(row.sources),
    }


def _lines(rows: "Sequence[Obligation]", counted: dict[str, int], language: str) -> Iterator[str]:
    from policies.vocabulary import label

    columns = ("id", "article", "how", "severity", "state", "must", "by", "lacks")
    yield from table(
        columns,
        [
            (
                row.id,
                row.article,
                label("obligation", row.kind, language),
                label("severity", row.severity, language),
                label("coverage", row.state, language),
                row.must[language],
                row.by.get(language, ""),
                row.lacks.get(language, ""),
            )
            for row in rows
        ],
    )
    yield "; ".join(
        f"{label('coverage', state, language)}: {number}" for state, number in counted.items()
    )
