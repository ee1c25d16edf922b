# SPDX-License-Identifier: Apache-2.0
"""Writes a package as JSON, as one HTML page, or as CSV files in a zip, record by record."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import IO, Any, Final, Literal, get_args

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from audit.clock import from_micros
from governance.access.package import Package, Row
from governance.access.section import Field, Plain
from governance.access.words import WORDS
from governance.record.printing import harmless

Form = Literal["html", "json", "csv-zip"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
_PIECES: Final = 500
"""Pieces of the page that are written together."""
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


def write(package: Package, form: Form, out: IO[bytes]) -> None:
    """Write a package."""
    _WRITERS[form](package, out)


def _json(package: Package, out: IO[bytes]) -> None:
    def put(text: str) -> None:
        out.write(text.encode("utf-8"))

    head = _text(package.head().model_dump(mode="json"), indent=1)
    put(head.removesuffix("\n}") + ',\n "sections": [')
    for number, (section, fields, rows) in enumerate(package.parts()):
        titles = [{"code": f.code, "title": f.title.in_(package.language)} for f in fields]
        said = {
            "code": section.code,
            "place": section.place,
            "title": section.title.in_(package.language),
            "note": section.note.in_(package.language),
            "fields": titles,
        }
        put((",\n  " if number else "\n  ") + _text(said).removesuffix("}") + ', "records": [')
        first = True
        for row in rows:
            put(("" if first else ",") + "\n   " + _text(row))
            first = False
        put("]}")
    put('\n ],\n "counts": ' + _text(dict(sorted(package.counts.items()))) + "\n}\n")


def _text(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


@cache
def _page() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((files(__package__) / "page.html").read_text("utf-8"))


def _shown(value: Plain, say: Mapping[str, str]) -> str:
    """Return a value as it stands in a cell of the page, escaped."""
    match value:
        case None:
            return ""
        case bool():
            return escape(say["yes" if value else "no"])
        case list():
            return "".join(f"<p>{escape(line)}</p>" for line in value)
        case _:
            return escape(str(value).strip())


def _html(package: Package, out: IO[bytes]) -> None:
    head = package.head()
    say = {key: text.in_(package.language) for key, text in WORDS.items()}

    def cell(value: Plain) -> Markup:
        return Markup(_shown(value, say))  # noqa: S704  (escaped above)

    def cells(codes: Iterable[str], row: Row) -> Markup:
        shown = "".join(f"<td>{_shown(row.get(code), say)}</td>" for code in codes)
        return Markup(shown)  # noqa: S704  (each value was escaped)

    stream = _page().stream(
        head=head,
        sections=[section for section, _, _ in package.parts()],
        parts=package.parts(),
        say=say,
        cell=cell,
        cells=cells,
        language=package.language,
    )
    stream.enable_buffering(_PIECES)
    stream.dump(out, "utf-8")


def _csv_zip(package: Package, out: IO[bytes]) -> None:
    made = from_micros(package.source.at).timetuple()[:6]
    language = package.language
    head = package.head().model_dump(mode="json")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, titles: Iterable[str], rows: Iterable[Iterable[Plain]]) -> None:
            info = zipfile.ZipInfo(name, made)
            info.compress_type = zipfile.ZIP_DEFLATED
            with (
                archive.open(info, "w", force_zip64=True) as raw,
                io.TextIOWrapper(raw, "utf-8-sig", newline="") as file,
            ):
                lines = csv.writer(file)
                lines.writerow([harmless(title) for title in titles])
                lines.writerows([_cell(value, language) for value in row] for row in rows)

        put("00-about.csv", ("", ""), _about(head))
        for number, (section, fields, rows) in enumerate(package.parts(), 1):
            titles = [item.title.in_(language) for item in fields]
            put(f"{number:02d}-{section.code}.csv", titles, _cells(fields, rows))
        for key in ("purposes", "withheld"):
            if head[key]:
                titles = [
                    WORDS[code].in_(language) if code in WORDS else code for code in head[key][0]
                ]
                put(f"90-{key}.csv", titles, (row.values() for row in head[key]))


def _about(head: Mapping[str, Any]) -> Iterator[tuple[str, Plain]]:
    for key in ("kind", "made", "law", "rights", "complain"):
        yield key, head[key]
    yield from head["controller"].items()


def _cells(fields: tuple[Field, ...], rows: Iterable[Row]) -> Iterator[list[Plain]]:
    yield from ([row.get(item.code) for item in fields] for row in rows)


def _cell(value: Plain, language: str) -> str:
    """Return a cell that a spreadsheet takes as text or as a number, and never computes."""
    match value:
        case None:
            return ""
        case bool():
            return WORDS["yes" if value else "no"].in_(language)
        case list():
            return harmless("; ".join(item.strip() for item in value))
        case _:
            said = str(value)
            return said if _NUMBER.match(said) else harmless(said)


_WRITERS: Final[Mapping[Form, Callable[[Package, IO[bytes]], None]]] = {
    "html": _html,
    "json": _json,
    "csv-zip": _csv_zip,
}
