# SPDX-License-Identifier: Apache-2.0
"""`tagwarden explain`: why a person has a tag, or has not."""

from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, workspace
from governance.cli.who import Whom, language_of, subject_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def explain(
    subject: Whom,
    tag: Annotated[
        list[str] | None, typer.Argument(metavar="[TAG]...", help="Keys; none: all that it has.")
    ] = None,
    *,
    depth: Annotated[
        str, typer.Option("--depth", help="subject, officer or engineer.")
    ] = "subject",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say why a person has a tag, or has not.

    Example: tagwarden explain 1042 interest.soft_drinks_fan --lang zh
    """
    from typing import cast, get_args

    from audit.errors import BadInput
    from governance.explaining import explain as explained
    from tagging.explain.amounts import Language
    from tagging.explain.answer import Depth, render, to_json

    if depth not in get_args(Depth):
        raise BadInput("unknown-depth", "there is no such depth", hint=", ".join(get_args(Depth)))
    level = cast("Depth", depth)
    ws = workspace(where)
    language: Language = "zh" if language_of(ws, lang) == "zh" else "en"
    answers = explained(ws, subject_of(ws, subject), tag or None, depth=level)
    lines = [
        line
        for number, answer in enumerate(answers)
        for line in ([""] if number else []) + render(answer, level, language)
    ]
    nothing = "没有任何标签" if language == "zh" else "no tag is held"
    emit({"tags": [to_json(answer, level) for answer in answers]}, as_json, lines or [nothing])
