# SPDX-License-Identifier: Apache-2.0
"""`tagwarden demo`: the whole story on real retail data."""

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, a_language, emit, note, progress, say

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option("--dir", help="Where to play; must be empty or new.")
    ] = Path("tagwarden-demo"),
    lang: Annotated[
        str, typer.Option("--lang", help="Language of the story: en or zh.", callback=a_language)
    ] = "en",
    as_json: Json = False,
) -> None:
    """Play the whole story on real retail data.

    Example: tagwarden demo --lang zh
    """
    from governance.demo.story import play

    with progress("the story goes on") as bar:
        facts = play(folder, "zh" if lang == "zh" else "en", note if as_json else say, bar.update)
    emit(facts, as_json)
