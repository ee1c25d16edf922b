# SPDX-License-Identifier: Apache-2.0
"""Reads the documents of one kind out of files and folders that people name on the command line.

A file must hold documents of that kind only; a folder stands for its *.yaml, whatever else they hold.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from audit.errors import BadInput, Problems
from policies.document import Document, read_documents


def documents_of(
    files: Iterable[Path], kind: str, everything: Problems
) -> Iterator[tuple[Document, Problems]]:
    """Yield each document of a kind with the problems of its file, which join `everything`.

    A file that cannot be parsed joins with all its problems; raises BadInput for one that is not there.
    """
    for path, all_kinds in _expanded(files):
        problems = Problems(path.name)
        try:
            documents = read_documents(path)
        except BadInput as error:
            everything.found += error.problems or ()
            if not error.problems:
                raise
            continue
        for document in documents:
            if all_kinds or _kind(document) == kind:
                yield document, problems
        everything.found += problems.found


def _expanded(files: Iterable[Path]) -> list[tuple[Path, bool]]:
    """Return the files, and whether every document of them must be of the kind."""
    expanded: list[tuple[Path, bool]] = []
    for path in files:
        if path.is_dir():
            expanded += [(item, False) for item in sorted(path.rglob("*.yaml"))]
        else:
            expanded.append((path, True))
    return expanded


def _kind(document: Document) -> object:
    return document.value.get("kind") if isinstance(document.value, dict) else None
