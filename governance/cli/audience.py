# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audience`: how many people have some tags and not others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, note, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.audience import Size

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Count people by their tags, with noise."
)


@app.callback()
def _noun() -> None:
    """Count people by their tags, with noise."""


@app.command()
def size(  # noqa: PLR0917  (one caller; each part is another thing)
    expression: Annotated[str, typer.Argument(help="Tags with and, or, not, = and brackets.")],
    purpose: Annotated[str, typer.Option(help="Why you ask: key of a purpose.")],
    epsilon: Annotated[float, typer.Option(help="What the answer may cost.")] = 0.2,
    population: Annotated[str, typer.Option(help="all, or a regime.")] = "all",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Tell how many people there are, with noise; charged to the budget before anybody is looked up.

    Example: tagwarden audience size "interest.soft_drinks and not behaviour.lapsing" --purpose
    recommendation
    """
    from governance.audience import size as count

    ws = workspace(where)
    found = count(ws, expression, purpose, epsilon=epsilon, population=population)
    language = language_of(ws, lang)
    if not found.charged:
        note(
            "今天已问过同一问题：未扣预算"
            if language == "zh"
            else "the same question was asked today: nothing was charged"
        )
    emit({"audience": found.to_dict()}, as_json, lambda: _lines(found, language))


def _lines(found: "Size", language: str) -> Iterator[str]:
    """Yield the answer for people, with what its noise is."""
    rho, spread = found.artefact["nano_rho"] / 1e9, round(1.96 * found.sigma)
    if language == "zh":
        yield (
            f"少于{found.least}人：不予显示"
            if found.people is None
            else f"约{found.people:,}人（噪声：二十次中有十九次在±{spread:,}以内）"
        )
        yield f"epsilon {found.artefact['epsilon']}（rho {rho:.9f}）；用途 {found.artefact['purpose']}"
        return
    yield (
        f"fewer than {found.least:,} people with noise: not shown"
        if found.people is None
        else f"about {found.people:,} people (noise: within ±{spread:,} nineteen times in twenty)"
    )
    yield f"epsilon {found.artefact['epsilon']} (rho {rho:.9f}), for {found.artefact['purpose']}"
