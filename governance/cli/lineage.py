# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag lineage`: what a tag is made of, what is made of it, and what travels along."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, emit, workspace

if TYPE_CHECKING:
    from tagging.lineage import Lineage


def lineage(
    key: Annotated[str | None, typer.Argument(help="Key of a tag or feature.")] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Show what tags are made of, and which data travel along.

    Example: tagwarden tag lineage interest.soft_drinks_fan
    """
    from audit.errors import NotFound
    from governance import catalogue
    from policies.document import nearest
    from tagging.lineage import sensitive

    ws = workspace(where)
    with ws.store.read() as connection:
        graph = catalogue.origins(connection)
    if key is not None and key not in graph.documents:
        hint = nearest(key, graph.documents) or "tagwarden tag list"
        raise NotFound("unknown-tag", f'there is no tag or feature "{key}"', hint=hint)
    marked = sensitive(graph, ws.law.packs)
    shown = tuple(graph.nodes) if key is None else graph.around(key)
    data = {
        "nodes": [
            {
                "id": item,
                "role": graph.nodes[item].role,
                "key": graph.nodes[item].key,
                "labels": sorted(graph.labels(item)),
                "sensitive_in": list(marked.get(item, ())),
            }
            for item in shown
        ],
        "edges": [[start, end] for start, end in graph.edges if {start, end} <= set(shown)],
    }
    tops = [key] if key is not None else [k for k in graph.documents if not graph.uses[k]]
    emit(data, as_json, lambda: _lines(graph, marked, tops))


def _lines(graph: "Lineage", marked: dict[str, Any], tops: list[str]) -> Iterator[str]:
    for top in tops:
        yield from _tree(graph, marked, top, 0)
        used = graph.dependants(top)
        if used:
            yield f"  used by {', '.join(used)}"


def _tree(graph: "Lineage", marked: dict[str, Any], item: str, depth: int) -> Iterator[str]:
    part = graph.nodes[item]
    regimes = marked.get(item, ())
    said = f"  sensitive in {', '.join(regimes)}" if regimes else ""
    yield f"{'  ' * depth}{part.role} {part.key}{said}"
    for start in graph.inputs[item]:
        yield from _tree(graph, marked, start, depth + 1)
