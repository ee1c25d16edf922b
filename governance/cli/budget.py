# SPDX-License-Identifier: Apache-2.0
"""`tagwarden budget`: what releases may say about people, and what they have cost."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from governance.cli.out import Json, Where, emit, progress, table, workspace

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
    as_json: Json = False,
) -> None:
    """Set how much may be lost in a population. What was spent stays spent.

    Example: tagwarden budget set --epsilon 4 --period 365d --period-epsilon 2
    """
    from governance.budget import limits
    from tagging.segmentation.accounting import PrivacyBudget

    within = None if period_epsilon is None else PrivacyBudget(period_epsilon, delta)
    limit = limits.set_limit(
        workspace(where), population, PrivacyBudget(epsilon, delta), period=period, within=within
    )
    said = f"{limit.population}: epsilon {limit.epsilon} for life at delta {limit.delta}"
    emit({"limit": limit.to_dict()}, as_json, [f"{said} (rho {limit.nano_rho / 1e9:.9f})"])


@app.command()
def show(where: Where = None, as_json: Json = False) -> None:
    """Show each limit, what is spent of it and what is left.

    Example: tagwarden budget show
    """
    from governance.budget import limits

    ws = workspace(where)
    with ws.store.read() as connection:
        found = limits.standings(connection, ws.clock.now())
    data = [one.to_dict() for one in found.values()]

    def text() -> Iterator[str]:
        if not data:
            yield "no limit is set: nothing can be released"
            return
        columns = ("population", "epsilon", "delta", "rho", "spent", "left", "period")
        yield from table(columns, [_row(item) for item in data])
        yield "the guarantee is the limit: every release that fits into it is covered by it"

    emit({"limits": data}, as_json, text)


@app.command()
def ledger(where: Where = None, as_json: Json = False) -> None:
    """Show the records of the ledger, the oldest first.

    Example: tagwarden budget ledger
    """
    from audit.clock import iso
    from governance.budget.ledger import records

    with workspace(where).store.read() as connection:
        found = records(connection)
    rows = [
        (
            iso(item["at"]),
            item["record"],
            item["charge"],
            item["population"],
            _rho(item["nano_rho"]) if item["record"] == "reserved" else "",
            item.get("release") or item.get("purpose") or item["code"],
        )
        for item in found
    ]
    columns = ("at", "record", "charge", "population", "rho", "what")
    emit({"records": found}, as_json, lambda: table(columns, rows))


@app.command()
def verify(where: Where = None, as_json: Json = False) -> None:
    """Count every charge again from its record, and check the chain.

    Example: tagwarden budget verify
    """
    from audit.errors import Tampered
    from governance.budget.verification import verify as check

    found = check(workspace(where))
    if found.problems:
        raise Tampered(
            "ledger-tampered",
            "the ledger is not what was written",
            hint="restore the control store from its backup; release nothing until then",
            problems=found.problems,
        )
    data = {"records": found.records, "charges": found.charges}
    emit(data, as_json, [f"{found.records} records, {found.charges} charges, as they were written"])


@app.command()
def audit(where: Where = None, as_json: Json = False) -> None:
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
    done = found.mechanisms

    def text() -> Iterator[str]:
        rows = [(name, f"{part:.4f}") for name, part in done.worst.items()]
        yield from table(("mechanism", "used of its charge at most"), rows)
        yield f"{done.pairs:,} pairs of neighbours: nobody moved an answer more than was charged"
        yield f"noise: p {done.sampler_p:.4f} that it is the discrete Gaussian; two processes differ"
        yield f"attacker with every answer: epsilon {done.epsilon_seen} of {done.epsilon_claimed:g}"
        yield f"{found.ledger.charges} charges and {found.published} records here: in order"
        if found.floating:
            yield f"{found.floating} of them by a library: floating-point noise, no exact promise"
        for name, why in done.unheard.items():
            yield f"not seen whole: {name}: {why}"

    emit({"audit": found.to_dict()}, as_json, text)


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    period = ""
    if item["period"]:
        used, most = item["spent_in_period_nano_rho"], item["period_nano_rho"]
        period = f"{_rho(used)} of {_rho(most)} in {item['period']}"
    return (
        item["population"],
        item["epsilon"],
        item["delta"],
        _rho(item["nano_rho"]),
        _rho(item["spent_nano_rho"]),
        _rho(item["left_nano_rho"]),
        period,
    )


def _rho(nano: int) -> str:
    return f"{nano / 1e9:.9f}"
