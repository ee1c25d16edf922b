# SPDX-License-Identifier: Apache-2.0
"""`tagwarden segment`: one release that is charged, and segments that are free after it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli import segment_words as words
from governance.cli.out import Json, Lang, Where, emit, note, progress, workspace, write_text
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.segments.fits import Fit
    from governance.workspace import Workspace
    from tagging.segmentation.estimate import Sight

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Find segments under differential privacy."
)

Document = Annotated[Path, typer.Argument(help="A file with one Segmentation.")]
FitName = Annotated[str, typer.Argument(help="Name of a fit.")]


@app.command()
def estimate(
    document: Document, where: Where = None, lang: Lang = None, as_json: Json = False
) -> None:
    """Say what a release would be worth; reads no data, costs nothing.

    Example: tagwarden segment estimate examples/shop/segments/shopping_habits.yaml
    """
    from governance.segments.releasing import estimate as estimated
    from tagging.segmentation.estimate import Sight

    ws = workspace(where)
    checked, found = estimated(ws, document)
    if isinstance(found, Sight):
        _sight(checked.document.key, found, language_of(ws, lang), as_json)
        return
    data = {
        "segmentation": checked.document.key,
        "signal": round(found.signal, 1),
        "verdict": found.verdict,
        "predicted_loss": found.loss,
        "predicted_loss_p90": found.loss_p90,
        "rows_needed": found.rows_needed,
    }
    emit(data, as_json, lambda: words.estimated(found, language_of(ws, lang)))


@app.command()
def release(
    document: Document,
    method: Annotated[str, typer.Option(help="synopsis or diffprivlib-kmeans.")] = "synopsis",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Release a segmentation: charged once, before the data is read.

    Example: tagwarden segment release examples/shop/segments/shopping_habits.yaml
    """
    from governance.segments.releasing import release as make

    ws = workspace(where)
    with progress("releasing"):
        found = make(ws, document, method=method)
    language = language_of(ws, lang)
    if not found.charged:
        note(words.say("again", language))
    data = {"release": found.name, "charged": found.charged, "statement": dict(found.statement)}
    emit(data, as_json, lambda: words.statement(found, language))


@app.command()
def fit(  # noqa: PLR0917  (one caller; each part is another thing)
    name: Annotated[str, typer.Argument(help="Name of a release, or key of a segmentation.")],
    method: Annotated[str, typer.Option(help="kmeans, hierarchical, dbscan or gmm.")] = "kmeans",
    k: Annotated[str, typer.Option(help="How many segments, or auto.")] = "auto",
    eps: Annotated[
        float | None, typer.Option(help="For dbscan: a distance in the box from -1 to 1.")
    ] = None,
    min_samples: Annotated[int, typer.Option(help="For dbscan: people around a core.")] = 5,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Make segments of a release. Free: it reads published numbers only.

    Example: tagwarden segment fit shopping_habits --method kmeans --k 4
    """
    from audit.errors import BadInput
    from governance.segments.fits import fit as make

    if k != "auto" and not k.isdecimal():
        raise BadInput("segment-count", "--k is a whole number or auto")
    ws = workspace(where)
    clusters = None if k == "auto" else int(k)
    done = make(ws, name, method, clusters=clusters, eps=eps, min_samples=min_samples)
    _show_fit(ws, done, language_of(ws, lang), as_json)


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the releases and the fits made of them.

    Example: tagwarden segment list
    """
    from audit.clock import iso
    from governance.segments.fits import fits
    from governance.segments.releasing import releases

    ws = workspace(where)
    with ws.store.read() as connection:
        made, known = fits(connection), releases(connection)
    data = [
        {
            "release": one.name,
            "segmentation": one.segmentation,
            "at": iso(one.at),
            "epsilon": one.statement["epsilon"],
            "fits": [item.name for item in made if item.release == one.name],
        }
        for one in known
    ]
    emit({"releases": data}, as_json, lambda: words.listed(data, language_of(ws, lang)))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a release or of a fit.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show what a release promises, or what the segments of a fit are like.

    Example: tagwarden segment show shopping_habits/kmeans-4
    """
    from governance.segments.fits import fit_named
    from governance.segments.releasing import named

    ws = workspace(where)
    with ws.store.read() as connection:
        if "/" not in name:
            found = named(connection, name)
            emit(
                {"release": name, "statement": dict(found.statement)},
                as_json,
                lambda: words.statement(found, language_of(ws, lang)),
            )
            return
        done = fit_named(connection, name)
    _show_fit(ws, done, language_of(ws, lang), as_json)


@app.command()
def compare(
    names: Annotated[
        list[str], typer.Argument(help="Fits of one release, and of a baseline like it.")
    ],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Set fits of one release side by side, with the baseline as a yardstick. Free.

    Example: tagwarden segment compare shopping_habits/kmeans-4 shopping_habits/hierarchical-4
    """
    from governance.segments.comparing import compare as compared

    ws = workspace(where)
    found = compared(ws, names)
    emit({"fits": found}, as_json, lambda: words.compared(found, language_of(ws, lang)))


@app.command()
def report(
    name: FitName,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write one page with pictures of a fit, to be opened offline.

    Example: tagwarden segment report shopping_habits/kmeans-4 --out segments.html
    """
    from governance.segments.report import page

    ws = workspace(where)
    language = language_of(ws, lang)
    text = page(ws, name, language)
    write_text(out, text)
    data = {"file": str(out), "bytes": len(text.encode())}
    emit(data, as_json, [words.say("written", language, file=out)])


@app.command()
def tag(name: FitName, where: Where = None, lang: Lang = None) -> None:
    """Print the document of a tag whose value is a person's segment; its remarks are in one language.

    Example: tagwarden segment tag shopping_habits/kmeans-4 > habits.yaml
    """
    from governance.cli.out import say
    from governance.segments.fits import fit_named
    from governance.segments.releasing import named
    from governance.segments.tags import tag_document

    ws = workspace(where)
    with ws.store.read() as connection:
        done = fit_named(connection, name)
        found = named(connection, done.release)
    say(tag_document(found, done, language_of(ws, lang)).rstrip("\n"))


def _sight(key: str, found: "Sight", language: str, as_json: bool) -> None:
    """Print what a histogram for DBSCAN would be worth."""
    data = {
        "segmentation": key,
        "verdict": found.verdict,
        "cells": found.cells,
        "cell_noise": round(found.noise, 1),
        "seen_from": found.least,
        "rows_needed": found.rows_needed,
    }
    emit(data, as_json, lambda: words.seen(found, language))


def _show_fit(ws: "Workspace", done: "Fit", language: str, as_json: bool) -> None:
    from governance.segments.profiles import profiles
    from governance.segments.releasing import named

    with ws.store.read() as connection:
        found = named(connection, done.release)
    shown, noises = profiles(found, done), done.document["size_noise"]
    data: dict[str, Any] = {
        "fit": done.name,
        "method": done.document["method"],
        "segments": [one.to_dict() for one in shown],
        "size_noise": noises,
    }
    emit(data, as_json, lambda: words.fitted(done, shown, language))
