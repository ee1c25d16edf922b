# SPDX-License-Identifier: Apache-2.0
"""An operator's own documents over a pack: checked against the pack, laid over it.

Refuses an overlay that names what is not there, or whose parts claim to be checked against the law:
they are the operator's own.
"""

from collections.abc import Iterable, Mapping

from audit.errors import Problems
from policies.document import Document, nearest, parse_documents, validate
from policies.packs import check, check_categories
from policies.rules import CategorySet, Overlay, Pack


def lay(documents: Iterable[Document], known: Mapping[str, Pack]) -> dict[str, Pack]:
    """Return packs with overlays over them, each over those before it.

    Raises BadInput `bad-overlay` with every problem of every document.
    """
    everything = Problems()
    laid, keys = dict(known), list[object]()
    for document in documents:
        problems = Problems(document.file)
        if (key := key_of(document)) in keys:
            line, column = document.place(("key",))
            problems.add("bad-overlay", f'"{key}" stands here twice', line=line, column=column)
        keys.append(key)
        _lay(document, laid, problems)
        everything.found += problems.found
    everything.raise_if_any("bad-overlay", "the overlays cannot be laid over the packs")
    return laid


def key_of(document: Document) -> object:
    """Return the key that an overlay states, sound or not; None when it states none."""
    return document.value.get("key") if isinstance(document.value, dict) else None


def with_overlay(pack: Pack, data: bytes | str, file: str) -> Pack:
    """Return a pack with the overlays in a YAML text over it; raises BadInput `bad-overlay`."""
    return lay(parse_documents(data, file), {str(pack.regime): pack})[str(pack.regime)]


def _lay(document: Document, laid: dict[str, Pack], problems: Problems) -> None:
    overlay = validate(Overlay, document, problems)
    if overlay is None:
        return
    pack = laid.get(str(overlay.extends))
    if pack is None:
        line, column = document.place(("extends",))
        problems.add(
            "bad-overlay", f"nothing to extend: {overlay.extends}", line=line, column=column
        )
        return
    before = len(problems.found)
    _check_words(overlay, pack, document, problems)
    if len(problems.found) == before:
        above = _extended(pack, overlay)
        check(above, document, problems, own=True)
        laid[str(overlay.extends)] = above


def _check_words(overlay: Overlay, pack: Pack, document: Document, problems: Problems) -> None:
    for part in ("sensitivity", "rules", "duties"):
        for number, item in enumerate(getattr(overlay, part)):
            if item.provenance != "operator":
                line, column = document.place((part, number, "provenance"))
                problems.add(
                    "bad-overlay",
                    f"{item.id}: what an operator adds is not the law's",
                    line=line,
                    column=column,
                    hint="provenance: operator",
                )
    for name, members in overlay.sets.items():
        check_categories(name, members, document, problems)
    for name in overlay.tables:
        if name not in pack.tables:
            line, column = document.place(("tables", name))
            hint = nearest(name, pack.tables)
            problems.add(
                "bad-overlay", f'unknown table "{name}"', line=line, column=column, hint=hint
            )


def _extended(pack: Pack, overlay: Overlay) -> Pack:
    sets = dict(pack.sets)
    for name, members in overlay.sets.items():
        old = sets.get(name) or CategorySet(provenance="operator", categories=members)
        joined = tuple(dict.fromkeys([*old.categories, *members]))
        sets[name] = old.model_copy(update={"categories": joined})
    tables = {
        name: table.model_copy(update={"states": {**table.states, **overlay.tables.get(name, {})}})
        for name, table in pack.tables.items()
    }
    return pack.model_copy(
        update={
            "version": f"{pack.version}+{overlay.key}",
            "sets": sets,
            "tables": tables,
            "sensitivity": (*overlay.sensitivity, *pack.sensitivity),
            "rules": (*overlay.rules, *pack.rules),
            "duties": (*overlay.duties, *pack.duties),
            "beneath": pack,
            "overlay": overlay.key,
            "reason": overlay.reason or "",
        }
    )
