# SPDX-License-Identifier: Apache-2.0
"""`tagwarden budget`: what releases may say about people, and what they have cost."""

from typing import Annotated

import typer

from governance.cli import budget_words as words
from governance.cli.out import Json, Lang, Where, emit, progress, workspace
from governance.cli.who import language_of

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Keep what releases may say about people."
)


@app.command(name="set")
def set_(  # noqa: PLR0917  (one caller; each part is another thing)
    epsilon: Annotated[float, typer.Option(help="The most for life.")],
    population: Annotated[str, typer.Option(help="all, or a regime.")] = "all",
    delta: Annotated[float, typer.Option(help="At which epsilon is told.")] = 1e-6,
    period: Annotated[
        str, typer.Option(help="A span in which no more than --period-epsilon is spent.")
    ] = "",
    period_epsilon: Annotated[
        float | None, typer.Option(help="The most within any such span.")
    ] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Set how much may be lost in a population. What was spent stays spent.

    Example: tagwarden budget set --epsilon 4 --period 365d --period-epsilon 2
    """
    from governance.budget import limits
    from tagging.segmentation.accounting import PrivacyBudget

    within = None if period_epsilon is None else PrivacyBudget(period_epsilon, delta)
    ws = workspace(where)
    limit = limits.set_limit(
        ws, population, PrivacyBudget(epsilon, delta), period=period, within=within
    )
    language = language_of(ws, lang)
    emit({"limit": limit.to_dict()}, as_json, lambda: words.limit(limit, language))


@app.command()
def show(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show each limit, what is spent of it and what is left.

    Example: tagwarden budget show
    """
    from governance.budget import limits

    ws = workspace(where)
    with ws.store.read() as connection:
        found = limits.standings(connection, ws.clock.now())
    data = [one.to_dict() for one in found.values()]
    emit({"limits": data}, as_json, lambda: words.limits(data, language_of(ws, lang)))


@app.command()
def ledger(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show the records of the ledger, the oldest first.

    Example: tagwarden budget ledger
    """
    from governance.budget.ledger import records

    ws = workspace(where)
    with ws.store.read() as connection:
        found = records(connection)
    emit({"records": found}, as_json, lambda: words.ledger(found, language_of(ws, lang)))


@app.command()
def verify(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Count every charge again from its record, and check the chain.

    Example: tagwarden budget verify
    """
    from audit.errors import Tampered
    from governance.budget.verification import verify as check

    ws = workspace(where)
    found = check(ws)
    if found.problems:
        raise Tampered(
            "ledger-tampered",
            "the ledger is not what was written",
            hint="restore the control store from its backup; release nothing until then",
            problems=found.problems,
        )
    data = {"records": found.records, "charges": found.charges}
    emit(data, as_json, lambda: words.verified(found, language_of(ws, lang)))


@app.command()
def audit(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Attack every mechanism that releases something, on invented people; about two minutes.

    Then count the ledger again and look through what was released. Exit 1 when a promise is not kept.

    Example: tagwarden budget audit
    """
    from audit.errors import Finding
    from governance.budget.auditing import audit as check

    ws = workspace(where)
    with progress("auditing") as bar:
        found = check(ws, tell=lambda _check, done, total: bar.update(done, total))
    if found.problems:
        raise Finding(
            "privacy-audit",
            "a release may say more about people than was charged",
            hint="release nothing until this is mended",
            problems=list(found.problems),
        )
    emit({"audit": found.to_dict()}, as_json, lambda: words.audited(found, language_of(ws, lang)))
