# SPDX-License-Identifier: Apache-2.0
"""YAML documents that people write: read safely, every problem at once, each with its place.

Refuses what a document of ours never needs: anchors and aliases (a small file that expands to
gigabytes), custom types, duplicate keys, deep nesting, and files over a megabyte. Scalars follow
YAML 1.2, so that `on` and `no` stay words.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from audit.errors import BadInput, Problems

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, six times as fast

MAX_BYTES = 1_000_000
MAX_DEPTH = 24

Path_ = tuple[str | int, ...]

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_NULL = {"", "~", "null"}
_BOOL = {"true": True, "false": False}


class Strict(BaseModel):
    """A document or a part of one: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its plain value, and where each part of it stands."""

    file: str
    value: Any
    places: Mapping[Path_, tuple[int, int]] = field(repr=False)

    def place(self, path: Iterable[str | int]) -> tuple[int, int]:
        """Return (line, column) of a part, or of the nearest part around it that is there."""
        key = tuple(path)
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key, (1, 1))


def read_documents(path: Path) -> list[Document]:
    """Return the documents of a file; raises BadInput with every problem of it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            "file-unreadable",
            f"{path.name} cannot be read: {error.strerror}",
            hint="check the path",
        ) from None
    return parse_documents(data, path.name)


def parse_documents(data: bytes | str, file: str) -> list[Document]:
    """Return the YAML documents in `data`; raises BadInput with every problem found."""
    problems = Problems(file)
    text = _decode(data, problems)
    documents = _compose(text, file, problems)
    problems.raise_if_any("document-unreadable", f"{file} is not a readable document")
    return documents


Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], document: Document, problems: Problems) -> Model | None:
    """Return the document as `model`, or None after noting every problem with its place."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _note(item, model, document, problems)
    return None


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?` for the most similar known word, or '' when none is similar."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"?' if found else ""


def _decode(data: bytes | str, problems: Problems) -> str:
    if len(data) > MAX_BYTES:
        problems.add(
            "document-too-large", f"the document has more than {MAX_BYTES:,} bytes", hint="split it"
        )
        return ""
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.add(
            "not-utf8", "the document is not UTF-8 text", line=line, hint="save it as UTF-8"
        )
        return ""


def _compose(text: str, file: str, problems: Problems) -> list[Document]:
    documents: list[Document] = []
    try:
        if ("&" in text or "*" in text) and _aliased(text, problems):
            return []
        for node in yaml.compose_all(text, Loader=_LOADER):
            places: dict[Path_, tuple[int, int]] = {}
            value = _plain(node, (), places, problems)
            documents.append(Document(file, value, places))
    except yaml.MarkedYAMLError as error:
        line, column = _mark(error.problem_mark)
        problems.add(
            "yaml-syntax",
            f"not YAML: {error.problem or 'unreadable'}",
            line=line,
            column=column,
            hint="check indentation and colons near this place; quote a text with { } : or # in it",
        )
    except (yaml.YAMLError, RecursionError):
        problems.add("yaml-syntax", "not YAML: unreadable characters or nesting", hint="rewrite it")
    return documents


def _aliased(text: str, problems: Problems) -> bool:
    """Note the first anchor or alias; before anything is expanded."""
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line, column = _mark(event.start_mark)
            problems.add(
                "yaml-alias",
                "anchors and aliases are not allowed",
                line=line,
                column=column,
                hint="write the value out",
            )
            return True
    return False


def _mark(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def _plain(
    node: yaml.Node | None, path: Path_, places: dict[Path_, tuple[int, int]], problems: Problems
) -> Any:
    if node is None:
        return None
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    places[path] = (line, column)
    if len(path) > MAX_DEPTH:
        problems.add("document-too-deep", f"nested deeper than {MAX_DEPTH} levels", line=line)
        return None
    if isinstance(node, yaml.ScalarNode):
        if node.tag.startswith("!") or node.tag == "tag:yaml.org,2002:binary":
            problems.add("yaml-type", "typed values are not allowed", line=line, column=column)
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), places, problems) for i, item in enumerate(node.value)]
    return _mapping(node, path, places, problems)


def _mapping(
    node: Any, path: Path_, places: dict[Path_, tuple[int, int]], problems: Problems
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.add("yaml-key", "a key must be a plain word", line=line, column=column)
            continue
        key = str(key_node.value)
        if key in found:
            problems.add(
                "duplicate-key",
                f'the key "{key}" stands here twice',
                line=line,
                column=column,
                hint="keep one of them",
            )
            continue
        found[key] = _plain(value_node, (*path, key), places, problems)
        places[(*path, key)] = (line, column)
    return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style:  # quoted or block: text, always
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.match(text):
        return int(text.replace("_", ""))
    return float(text) if _FLOAT.match(text) else text


def _note(item: Any, model: type[BaseModel], document: Document, problems: Problems) -> None:
    path: Path_ = tuple(item["loc"])
    line, column = document.place(path)
    shown = ".".join(str(part) for part in path) or "the document"
    kind = item["type"]
    if kind == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        problems.add(
            "unknown-key",
            f'"{shown}" is not a key here',
            line=line,
            column=column,
            hint=nearest(str(path[-1]), known) or ("known: " + ", ".join(known) if known else ""),
        )
    elif kind == "missing":
        problems.add(
            "missing-key",
            f'"{shown}" is missing',
            line=line,
            column=column,
            hint=f"add {path[-1]}:",
        )
    else:
        message = item["msg"].removeprefix("Value error, ")
        problems.add(
            item.get("ctx", {}).get("code", "bad-value") if kind != "value_error" else "bad-value",
            f'"{shown}": {message[:1].lower()}{message[1:]}',
            line=line,
            column=column,
        )


def _known_keys(model: type[BaseModel], path: Path_) -> list[str]:
    here: Any = model
    for part in path:
        fields = getattr(here, "model_fields", {})
        info = fields.get(part) if isinstance(part, str) else None
        here = _model_of(info.annotation) if info is not None else None
    fields = getattr(here, "model_fields", {})
    return [info.alias or name for name, info in fields.items()]


def _model_of(annotation: Any) -> Any:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
