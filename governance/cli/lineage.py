# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag lineage`: what a tag is made of, what is made of it, and what travels along."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, on_terminal, workspace

if TYPE_CHECKING:
    from policies.law import Law
    from tagging.lineage import Lineage

Row = tuple[int, str]
"""A line of a tree: how deep it stands, and its text."""


def lineage(
    key: Annotated[str | None, typer.Argument(help="Key of a tag, feature or source.")] = None,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Option("--files", help="Files or folders instead of a workspace; may be repeated."),
    ] = None,
    svg: Annotated[
        str | None, typer.Option("--svg", help="Draw it into this file; `-`: to the output.")
    ] = None,
    lang: Lang = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Show what tags are made of, and which data travel along.

    Example: tagwarden tag lineage interest.soft_drinks_fan --svg lineage.svg
    """
    from tagging.lineage import sensitive

    if svg == "-" and as_json:
        raise typer.BadParameter("--svg - and --json both want the output", param_hint="--svg")
    graph, law, spoken = _of_files(files) if files else _of_workspace(where)
    language = lang or spoken
    marked = sensitive(graph, law)
    start = None if key is None else _found(graph, key)
    shown = tuple(graph.nodes) if start is None else graph.around(start)
    if svg is not None:
        _draw(graph, marked, shown, svg, language)
    if svg == "-":
        return
    data = _plain(graph, marked, shown)
    if svg is not None:
        emit({"written": svg, **data}, as_json, [f"{svg}: {len(shown)} parts"])
        return
    tops = [start] if start is not None else [k for k in graph.documents if not graph.uses[k]]
    emit(data, as_json, lambda: _text(graph, marked, tops, language))


Read = tuple["Lineage", "Law | None", str]


def _of_workspace(where: Path | None) -> Read:
    from governance import catalogue
    from governance.cli.who import language_of
    from governance.law import law_over

    ws = workspace(where)
    with ws.store.read() as connection:
        graph, law = catalogue.origins(connection), law_over(connection)
    return graph, law, language_of(ws, None)


def _of_files(paths: Iterable[Path]) -> Read:
    """Return the graph of what stands in files; columns are guessed, as nobody knows the events."""
    from audit.errors import BadInput
    from policies.document import read_documents
    from tagging.catalogue import Known, check_documents
    from tagging.lenient import guessed_columns
    from tagging.lineage import lineage as made

    found = [
        document
        for path in paths
        for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else (path,))
        for document in read_documents(file)
        if isinstance(document.value, dict) and document.value.get("kind") in ("Tag", "Feature")
    ]
    if not found:
        raise BadInput("no-documents", "there is no Tag or Feature in these places")
    columns = guessed_columns(document.value.get("value") for document in found)
    return made(check_documents(found, Known(columns=columns))), None, "en"


def _found(graph: "Lineage", key: str) -> str:
    """Return the id of a tag, feature or source; raises NotFound with the nearest key."""
    from audit.errors import NotFound
    from policies.document import nearest
    from tagging.lineage import SOURCES

    for name in (key, *(f"{role}:{key}" for role in SOURCES)):
        if name in graph.nodes:
            return name
    hint = nearest(key, [part.key for part in graph.nodes.values()]) or "tagwarden tag list"
    raise NotFound("unknown-tag", f'there is no tag or feature "{key}"', hint=hint)


def _plain(
    graph: "Lineage", marked: Mapping[str, Sequence[str]], shown: Collection[str]
) -> dict[str, Any]:
    within = set(shown)
    nodes = []
    for item in shown:
        part, document = graph.nodes[item], graph.documents.get(item)
        nodes.append(
            {
                "id": item,
                "role": part.role,
                "key": part.key,
                "name": None if document is None else document.name.model_dump(),
                "labels": sorted(graph.labels(item)),
                "sensitive_in": list(marked.get(item, ())),
            }
        )
    edges = [[start, end] for start, end in graph.edges if start in within and end in within]
    return {"nodes": nodes, "edges": edges}


def _draw(
    graph: "Lineage",
    marked: Mapping[str, Sequence[str]],
    shown: Sequence[str],
    target: str,
    language: str,
) -> None:
    import sys

    from audit.errors import BadInput
    from tagging.lineage_picture import picture

    drawn = picture(graph, marked, shown, language=language)
    if target == "-":
        sys.stdout.write(drawn)
        return
    try:
        Path(target).write_text(drawn, "utf-8")
    except OSError as error:
        raise BadInput(
            "file-unwritable",
            f"{target} cannot be written: {error.strerror}",
            hint="check the path",
        ) from None


# --- as text ----------------------------------------------------------------------------------

_SAID = {
    "en": {
        "sensitive": "sensitive in {}",
        "used": "used by {}",
        "again": "(see above)",
        "comma": ", ",
    },
    "zh": {
        "data": "数据",
        "attribute": "属性",
        "column": "事件列",
        "feature": "指标",
        "tag": "标签",
        "sensitive": "敏感：{}",
        "used": "用于：{}",
        "again": "（见上）",
        "comma": "、",
    },
}


def _text(
    graph: "Lineage", marked: Mapping[str, Sequence[str]], tops: Sequence[str], language: str
) -> Iterator[str]:
    """Yield each part with what it is made of below it: a tree on a terminal, indented elsewhere."""
    said = _SAID["zh" if language == "zh" else "en"]
    for top in tops:
        rows = [*_rows(graph, marked, top, language)]
        used = graph.dependants(top)
        if used:
            rows.append((1, said["used"].format(said["comma"].join(used))))
        yield from _tree(rows) if on_terminal() else (f"{'  ' * d}{line}" for d, line in rows)


def _rows(
    graph: "Lineage", marked: Mapping[str, Sequence[str]], top: str, language: str
) -> Iterator[Row]:
    said = _SAID["zh" if language == "zh" else "en"]
    seen: set[str] = set()
    waiting = [(0, top)]
    while waiting:
        depth, item = waiting.pop()
        part, document = graph.nodes[item], graph.documents.get(item)
        words = [said.get(part.role, part.role), part.key]
        if item in marked:
            words.append(" " + said["sensitive"].format(said["comma"].join(marked[item])))
        if document is not None:
            words.append(f" {document.name.in_(language)}")
        inputs = graph.inputs[item]
        again = bool(inputs) and item in seen
        yield depth, " ".join([*words, *([said["again"]] if again else [])])
        if again:
            continue
        seen.add(item)
        columns = [k for k in inputs if graph.nodes[k].role == "column"]
        if columns:
            names = said["comma"].join(graph.nodes[k].key for k in columns)
            yield depth + 1, f"{said.get('column', 'column')} {names}"
        waiting += [(depth + 1, k) for k in reversed(inputs) if k not in columns]


def _tree(rows: Sequence[Row]) -> list[str]:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    trunk = Tree(Text(rows[0][1], style="bold"))
    stack = [trunk]
    for depth, line in rows[1:]:
        del stack[depth:]
        stack.append(stack[-1].add(Text(line)))
    console = Console()
    with console.capture() as capture:
        console.print(trunk)
    return capture.get().rstrip("\n").split("\n")
