# SPDX-License-Identifier: Apache-2.0
"""`tagwarden model`: learn from outcomes, try it at a later time, make a tag of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, note, progress, say, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.learning.training import Trained
    from governance.learning.trials import Tried

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Learn tags from what came later."
)

Document = Annotated[Path, typer.Argument(help="A file with one Model.")]
Name = Annotated[str, typer.Argument(help="Name of a training, or key of a model.")]


@app.command()
def train(document: Document, where: Where = None, as_json: Json = False) -> None:
    """Train a model; a private one is charged before the data is read.

    Example: tagwarden model train examples/shop/models/large_basket.yaml
    """
    from governance.learning.training import train as make

    ws = workspace(where)
    with progress("training"):
        found = make(ws, document)
    if not found.new:
        note("the same request was trained before: nothing was charged")
    emit({**_data(found), "new": found.new}, as_json, lambda: _about(found))


@app.command("list")
def list_(where: Where = None, as_json: Json = False) -> None:
    """List the trainings.

    Example: tagwarden model list
    """
    from audit.clock import iso
    from governance.learning.training import trainings

    with workspace(where).store.read() as connection:
        found = trainings(connection)
    rows = [
        (one.name, one.key, one.artefact["method"], iso(one.at)[:10], iso(one.retrain_by)[:10])
        for one in found
    ]
    columns = ("training", "model", "method", "at", "train again by")
    emit([_data(one) for one in found], as_json, lambda: table(columns, rows))


@app.command()
def show(name: Name, where: Where = None, as_json: Json = False) -> None:
    """Show a training: what it learned from, and what is promised.

    Example: tagwarden model show large_basket
    """
    from governance.learning.training import named

    with workspace(where).store.read() as connection:
        found = named(connection, name)
    data = {**_data(found), "parameters": found.artefact["parameters"]}
    emit(data, as_json, lambda: _about(found))


@app.command()
def evaluate(name: Name, where: Where = None, as_json: Json = False) -> None:
    """Try a training at the later time of its document; once, and charged when it is private.

    Example: tagwarden model evaluate large_basket
    """
    from governance.learning.trials import evaluate as attempt

    ws = workspace(where)
    with progress("trying"):
        found = attempt(ws, name)
    if not found.new:
        note("it was tried before: nothing was read or charged")
    emit(found.to_dict(), as_json, lambda: _tried(found))


@app.command()
def card(name: Name, lang: Lang = None, where: Where = None) -> None:
    """Print the card of a model, as Markdown.

    Example: tagwarden model card large_basket --lang zh
    """
    from governance.learning.card import card as made

    ws = workspace(where)
    say(made(ws, name, language_of(ws, lang)).rstrip("\n"))


@app.command()
def tag(
    name: Name,
    threshold: Annotated[
        int | None, typer.Option(help="Per cent above which it is given; else the best one.")
    ] = None,
    where: Where = None,
) -> None:
    """Print the document of a tag that the model gives.

    Example: tagwarden model tag large_basket --threshold 60 > tag.yaml
    """
    from governance.learning.tags import tag_document
    from governance.learning.training import named
    from governance.learning.trials import trial_of

    with workspace(where).store.read() as connection:
        found = named(connection, name)
        tried = trial_of(connection, found.name)
    say(tag_document(found, tried, threshold).rstrip("\n"))


def _data(found: "Trained") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "training": found.name,
        "model": found.key,
        "method": found.artefact["method"],
        "private": found.charge is not None,
        "charge": found.charge,
        "digest": found.digest,
        "at": iso(found.at),
        "retrain_by": iso(found.retrain_by),
        "document": dict(found.asked),
    }


def _about(found: "Trained") -> Iterator[str]:
    from audit.clock import iso

    asked = found.asked
    yield f"{found.name}: {found.key} by {asked['method']}, for {asked['purpose']}"
    yield f"foretells    {asked['target']}, within {asked['horizon']} after {asked['train_at']}"
    if found.charge is not None:
        yield f"promise      {found.artefact['promise']} for each person it learned from"
        yield f"noise        {found.artefact['noise']}"
    else:
        yield "NOT PRIVATE  it was trained without noise: do not give its parameters away"
        yield f"learned from {found.artefact['people']} people, {found.artefact['yes']} of them with the outcome"
    yield f"train again  by {iso(found.retrain_by)[:10]}"
    bounds = found.artefact["contract"]["features"]
    rules = zip(found.rules, bounds, strict=True)
    rows = [
        (rule, one["lower"], one["upper"], one["fill_value"], one["scale"]) for rule, one in rules
    ]
    yield from table(("measure", "lower", "upper", "fill", "scale"), rows)


def _tried(found: "Tried") -> Iterator[str]:
    yield f"{found.name}: how {found.training} did at the later time"
    if found.charge is not None:
        yield f"noise of about ±{found.artefact['sigma']} people in each step, more in sums of steps; it was charged"
        yield "a share that noise hides is not told (-)"
    rows = [
        (
            f"{one.threshold}{' *' if one.threshold == found.best else ''}",
            one.right_yes,
            one.wrong_yes,
            one.wrong_no,
            one.right_no,
            _cent(one.precision),
            _cent(one.recall),
        )
        for one in found.figures
    ]
    heads = ("above", "right yes", "wrong yes", "wrong no", "right no", "precision", "recall")
    yield from table(heads, rows)
    yield "* the best balance (F1); --threshold of model tag chooses another"
    steps = [
        (f"{one['from']}-{one['to']}", one["people"], f"{one['observed']} %")
        for one in found.calibration
    ]
    yield from table(("score", "people", "to whom it came"), steps)


def _cent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
