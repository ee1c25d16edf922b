# SPDX-License-Identifier: Apache-2.0
"""Lints of tag documents: every module of this folder is one, its name is its code.

A lint says what a schema cannot: that a tag is unlawful, means something else than it says, or can
never be true. `run` looks at a loaded catalogue, `check_paths` at files; neither changes anything.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from audit.errors import BadInput, NotFound, Problem
from policies.document import Document, nearest, parse_documents
from policies.law import Law, shipped
from tagging.catalogue import (
    Catalogue,
    Known,
    is_of_another_kind,
    kind_of,
    load_documents,
)
from tagging.finding import Around, DeclaredPurpose, Finding, Lint, Stated, Text
from tagging.lenient import guessed_columns

Check = Callable[[Stated], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A lint, how it checks, and its manual."""

    lint: Lint
    check: Check
    manual: str

    @property
    def title(self) -> Text:
        """What it finds, in one line."""
        return Text(self.manual.split("\n", 1)[0].rstrip("."), self.lint.zh)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found in some files, in the order of the places."""

    definitions: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings forbid to apply the definitions."""
        return sum(1 for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> int:
        """How many findings only ask for a second look."""
        return len(self.findings) - self.errors

    def only(self, codes: Iterable[str]) -> "Report":
        """Return the findings of some lints; problems of documents stay, they may hide others."""
        wanted = {named(code).lint.code for code in codes}
        kept = [f for f in self.findings if f.code in wanted or f.code not in registry()]
        return replace(self, findings=tuple(kept))


@cache
def registry() -> Mapping[str, Registered]:
    """Return all lints by code: each module of this package."""
    found = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module: Any = importlib.import_module(f"{__name__}.{info.name}")
        lint: Lint = module.LINT
        found[lint.code] = Registered(lint, module.check, (module.__doc__ or "").strip())
    return found


def named(code: str) -> Registered:
    """Return one lint; raises NotFound `unknown-lint`."""
    found = registry().get(code)
    if found is None:
        hint = nearest(code, registry()) or "tagwarden tag lint --explain all"
        raise NotFound("unknown-lint", f'there is no lint "{code}"', hint=hint)
    return found


def run(
    catalogue: Catalogue,
    *,
    purposes: Iterable[DeclaredPurpose] = (),
    states: Mapping[str, str] | None = None,
    successors: Mapping[str, str] | None = None,
    law: Law | None = None,
) -> list[Finding]:
    """Return what all lints find in the stated definitions of a catalogue, in order of places.

    The law is that of the product when none is given.
    """
    declared = {item.key: item for item in purposes}
    around = Around(catalogue, declared, states or {}, successors or {}, law or shipped())
    found: list[Finding] = []
    lints = tuple(registry().values())
    for stated in around.all():
        if stated.item.key in catalogue.stated:
            for each in lints:
                if isinstance(stated.item, each.lint.of):
                    found += each.check(stated)
    return sorted(found, key=_order)


def check_paths(
    paths: Iterable[Path],
    known: Known | None = None,
    *,
    purposes: Iterable[Mapping[str, Any]] = (),
    states: Mapping[str, str] | None = None,
    successors: Mapping[str, str] | None = None,
    law: Law | None = None,
) -> Report:
    """Return what is wrong in files and folders, problems of documents and findings together.

    `known` is None where there is no workspace: then nobody can say which columns of events there
    are. Purposes that stand in the files count besides those that are given. Raises BadInput for a
    path that is not there.
    """
    documents, problems = _documents(paths)
    found = check_documents(
        documents, known, purposes=purposes, states=states, successors=successors, law=law
    )
    findings = (*found.findings, *map(_as_finding, problems))
    return replace(found, findings=tuple(sorted(findings, key=_order)))


def check_documents(
    documents: Iterable[Document],
    known: Known | None = None,
    *,
    purposes: Iterable[Mapping[str, Any]] = (),
    states: Mapping[str, str] | None = None,
    successors: Mapping[str, str] | None = None,
    law: Law | None = None,
) -> Report:
    """Return what is wrong in documents that were read, as `check_paths` does."""
    every = list(documents)
    stated = [item for item in every if not is_of_another_kind(item)]
    if known is None:
        rules = [item.value.get("value") for item in stated if isinstance(item.value, Mapping)]
        known = Known(columns=guessed_columns(rules))
    plain = [*purposes, *(item.value for item in every if kind_of(item) == "Purpose")]
    declared = [found for item in plain if (found := DeclaredPurpose.of(item)) is not None]
    if known.purposes is not None:
        known = replace(known, purposes=known.purposes | {item.key for item in declared})
    catalogue, problems = load_documents(stated, known)
    findings = [
        *map(_as_finding, problems),
        *run(catalogue, purposes=declared, states=states, successors=successors, law=law),
    ]
    return Report(len(catalogue.stated), tuple(sorted(findings, key=_order)))


def _documents(paths: Iterable[Path]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else (path,):
            try:
                documents += parse_documents(file.read_bytes(), str(file))
            except BadInput as fault:
                problems += fault.problems
            except OSError as error:
                raise BadInput(
                    "file-unreadable",
                    f"{file} cannot be read: {error.strerror}",
                    hint="check the path",
                ) from None
    if not documents and not problems:
        raise BadInput("no-documents", "there is no document in these places")
    return documents, problems


def _as_finding(problem: Problem) -> Finding:
    """Return a problem of a document as a finding: it stops what a lint's error stops."""
    return Finding(
        problem.code,
        "error",
        "",
        Text(problem.message, problem.message),
        Text(problem.hint, problem.hint),
        file=problem.file,
        line=problem.line,
        column=problem.column,
    )


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.file, finding.line, finding.column, finding.code, finding.key
