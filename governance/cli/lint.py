# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag lint`: everything that is wrong with definitions, at once. Writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, note, table, workspace

if TYPE_CHECKING:
    from governance.workspace import Workspace
    from tagging.finding import Finding
    from tagging.lints import Report

Paths = Annotated[list[Path] | None, typer.Argument(help="Files, or folders with *.yaml.")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this lint; may be repeated.")]
Explain = Annotated[
    str | None, typer.Option("--explain", help="Print the manual of a lint; `all` lists them.")
]


def lint(
    files: Paths = None,
    *,
    only: Only = None,
    explain: Explain = None,
    lang: Lang = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Check definitions; every finding with its place.

    Needs no workspace; with one, its columns, purposes and tags are known.
    Example: tagwarden tag lint tags/ --lang zh
    """
    if explain is not None:
        _explain(explain, lang or "en", as_json)
        return
    from audit.errors import BadInput
    from tagging import lints

    if not files:
        raise BadInput("no-files", "name files or folders", hint="tagwarden tag lint DIR")
    for code in only or ():
        lints.named(code)
    ws = here(where)
    with _uncollected():
        report = lints.check_paths(files) if ws is None else _seen_from(ws, files)
    if ws is None:
        note("no workspace here: columns, attributes and purposes are not checked against one")
    language = lang or (ws.settings.text("workspace.language") if ws is not None else "en")
    shown = report.only(only) if only else report
    emit(_plain(shown), as_json, lambda: _lines(shown, language))
    if shown.errors:
        raise typer.Exit(1)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave the collector of cycles off: all that is read lives until the end, and is a lot."""
    import gc

    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _seen_from(ws: "Workspace", files: list[Path]) -> "Report":
    from governance import catalogue

    return catalogue.findings(ws, files)


def here(where: Path | None) -> "Workspace | None":
    """Return the workspace, or None where there is none and none was named."""
    import os

    from audit.errors import NotFound

    try:
        return workspace(where)
    except NotFound:
        if where is not None or os.environ.get("TAGWARDEN_WORKSPACE"):
            raise
        return None


def _plain(report: "Report") -> dict[str, Any]:
    return {
        "definitions": report.definitions,
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [
            {
                "code": item.code,
                "severity": item.severity,
                "key": item.key,
                "file": item.file,
                "line": item.line,
                "column": item.column,
                "message": item.message._asdict(),
                "fix": item.fix._asdict(),
                "cites": list(item.cites),
                "provenance": item.provenance,
            }
            for item in report.findings
        ],
    }


def _lines(report: "Report", language: str) -> Iterator[str]:
    for item in report.findings:
        yield from _finding(item, language)
    definitions, errors, warnings = report.definitions, report.errors, report.warnings
    if language == "zh":
        found = f"{errors}个错误，{warnings}个警告" if report.findings else "没有问题"
        yield f"共{definitions}个定义：{found}"
    elif report.findings:
        found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
        yield f"{_count(definitions, 'definition')}: {found}"
    else:
        yield f"{_count(definitions, 'definition')}, no problem"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _finding(item: "Finding", language: str) -> Iterator[str]:
    zh = language == "zh"
    severity = {"error": "错误", "warning": "警告"}[item.severity] if zh else item.severity
    key = f"{item.key}: " if item.key else ""
    yield (
        f"{item.file}:{item.line}:{item.column}: {severity}: "
        f"{key}{item.message.in_(language)} [{item.code}]"
    )
    if item.cites:
        yield f"    {'依据' if zh else 'by'}: {'; '.join(item.cites)}"
    if item.fix.en:
        yield f"    {'办法' if zh else 'fix'}: {item.fix.in_(language)}"


def _explain(code: str, language: str, as_json: bool) -> None:
    from tagging import lints

    if code == "all":
        found = list(lints.registry().values())
        rows = [(one.lint.code, one.lint.severity, one.title.in_(language)) for one in found]
        data = [
            {
                "code": one.lint.code,
                "severity": one.lint.severity,
                "title": one.title._asdict(),
                "cites": list(one.lint.cites),
                "provenance": one.lint.provenance,
            }
            for one in found
        ]
        emit({"lints": data}, as_json, lambda: table(("lint", "severity", "finds"), rows))
        return
    one = lints.named(code)
    data_of = {
        "code": one.lint.code,
        "severity": one.lint.severity,
        "title": one.title._asdict(),
        "cites": list(one.lint.cites),
        "provenance": one.lint.provenance,
        "manual": one.manual,
    }
    head = f"{one.lint.code} ({one.lint.severity}): {one.title.in_(language)}"
    emit(data_of, as_json, [head, "", one.manual.partition("\n")[2].strip()])
