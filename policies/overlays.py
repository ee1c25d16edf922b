# SPDX-License-Identifier: Apache-2.0
"""An operator's own file over a pack: read, checked against the pack, laid over it.

Refuses an overlay that names what is not there, that gives a reason without who approved it, or whose
parts claim to be checked against the law: they are the operator's own.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from audit.errors import BadInput, Problems
from policies.document import Document, nearest, parse_documents, read_documents, validate
from policies.packs import check, check_categories
from policies.rules import Approval, CategorySet, Overlay, Pack


def read_overlays(paths: Iterable[Path], known: Mapping[str, Pack]) -> dict[str, Pack]:
    """Return the packs with the overlays of some files over them, in the order of the files.

    A folder stands for its *.yaml by name. Raises BadInput `bad-overlay` with every problem.
    """
    everything = Problems()
    laid = dict(known)
    for path in _expanded(paths):
        for document in read_documents(path):
            problems = Problems(path.name)
            _lay(document, laid, problems)
            everything.found += problems.found
    everything.raise_if_any("bad-overlay", "the overlays cannot be laid over the packs")
    return laid


def with_overlay(pack: Pack, data: bytes | str, file: str) -> Pack:
    """Return a pack with the overlays in a YAML text over it; raises BadInput `bad-overlay`."""
    problems = Problems(file)
    laid = {str(pack.regime): pack}
    for document in parse_documents(data, file):
        _lay(document, laid, problems)
    problems.raise_if_any("bad-overlay", f"{file} cannot be laid over the pack")
    return laid[str(pack.regime)]


def _expanded(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.glob("*.yaml"))
        elif path.exists():
            found.append(path)
        else:
            raise BadInput("file-unreadable", f"there is no {path.name}", hint="check the path")
    return found


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
    if (overlay.reason is None) != (overlay.approved_by is None):
        line, column = document.place(("reason" if overlay.reason else "approved_by",))
        problems.add(
            "bad-overlay",
            "reason and approved_by belong together",
            line=line,
            column=column,
            hint="give both, or neither: then it can only be stricter",
        )
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
    approval = None
    if overlay.reason is not None and overlay.approved_by is not None:
        approval = Approval(reason=overlay.reason, approved_by=overlay.approved_by)
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
            "approval": approval,
        }
    )
