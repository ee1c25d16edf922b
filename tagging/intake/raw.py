# SPDX-License-Identifier: Apache-2.0
"""The bytes of a file: what it is, its digest, and a readable UTF-8 form of it.

Refuses, before anything else is done, what is empty, binary, cut off or in another encoding than
the mapping says. One pass in a stream; a copy is written only when the text must be changed.
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from audit.errors import BadInput
from tagging.intake.encoding import guess_encoding, is_utf_8

CHUNK = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_CODECS = {"utf-8": "utf-8", "latin-1": "latin-1", "windows-1252": "cp1252", "gbk": "gbk"}


@dataclass(frozen=True, slots=True)
class Raw:
    """A file that has been looked at: where its readable form lies, and what is known of it."""

    path: Path
    label: str
    format: str
    digest: str
    size: int
    lines: int = 0
    """Lines of a text, blank ones at its end not counted."""
    whole_last_line: bool = True
    """Whether a text ends with the end of a line."""


@dataclass(slots=True)
class _Ends:
    """Counts line ends across chunks."""

    newlines: int = 0
    returns: int = 0
    pairs: int = 0
    trailing: int = 0
    content: bool = False
    last: str = ""

    def add(self, text: str) -> None:
        self.newlines += text.count("\n")
        if "\r" in text:
            self.returns += text.count("\r")
            self.pairs += text.count("\r\n")
        if self.last == "\r" and text.startswith("\n"):
            self.pairs += 1
        bare = text.rstrip("\r\n")
        tail = text[len(bare) :]
        ends = tail.count("\n") or tail.count("\r")
        self.trailing = ends if bare else self.trailing + ends
        self.content = self.content or bool(bare)
        self.last = text[-1]

    @property
    def mixed(self) -> bool:
        """Whether lines end in more than one way."""
        lone_returns = self.returns - self.pairs
        lone_newlines = self.newlines - self.pairs
        return sum(count > 0 for count in (lone_returns, lone_newlines, self.pairs)) > 1

    @property
    def lines(self) -> int:
        """The number of lines, blank ones at the end not counted."""
        return (self.newlines or self.returns) - self.trailing + 1


def look(
    path: Path,
    *,
    format: str | None,  # noqa: A002  (the word of the mapping)
    encoding: str,
    scratch: Path,
    limit: int = 0,
) -> Raw:
    """Return the file, readable and checked; what has to be rewritten is written into `scratch`.

    `limit`: only so many bytes of a text, for a preview. The digest of a text is over its unpacked
    bytes, so that packing a file does not make it another one.
    Raises BadInput: file-unreadable, file-empty, file-binary, file-encoding, file-truncated.
    """
    head = _head(path)
    kind = format or format_of(path.name, head)
    if kind == "parquet":
        return _parquet(path, head)
    _refuse_binary(path.name, head, encoding)
    if limit:
        return _sample(path, kind, encoding, scratch, limit)
    return _text(path, kind, encoding, scratch)


def format_of(name: str, head: bytes = b"") -> str:
    """Return the format that a file's first bytes or its name say: csv when neither does."""
    if head.startswith(b"PAR1"):
        return "parquet"
    stem = name.lower().removesuffix(".gz")
    for ending, kind in (
        (".parquet", "parquet"),
        (".pq", "parquet"),
        (".tsv", "tsv"),
        (".tab", "tsv"),
        (".jsonl", "jsonl"),
        (".ndjson", "jsonl"),
        (".json", "jsonl"),
    ):
        if stem.endswith(ending):
            return kind
    return "csv"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; raises BadInput file-unreadable."""
    try:
        with path.open("rb") as handle:
            found = sha256()
            while chunk := handle.read(CHUNK):
                found.update(chunk)
            return found.hexdigest()
    except OSError as error:
        raise _unreadable(path.name, error) from None


def beginning(path: Path, limit: int) -> bytes:
    """Return the first bytes of a file, unpacked; raises BadInput as `look` does."""
    _head(path)
    with _opened(path) as handle:
        try:
            return handle.read(limit)
        except (EOFError, OSError, zlib.error):
            raise _truncated(path.name, "the archive") from None


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise BadInput("file-unreadable", f"{path.name} is a folder", hint="name its files")
        with path.open("rb") as handle:
            head = handle.read(8192)
    except OSError as error:
        raise _unreadable(path.name, error) from None
    if not head:
        raise BadInput("file-empty", f"{path.name} is empty", hint="export it again")
    return head


def _parquet(path: Path, head: bytes) -> Raw:
    with path.open("rb") as handle:
        size = handle.seek(0, io.SEEK_END)
        handle.seek(max(size - 4, 0))
        tail = handle.read(4)
    if not head.startswith(b"PAR1"):
        raise BadInput(
            "file-unreadable",
            f"{path.name} is not a Parquet file",
            hint="check format: in the mapping",
        )
    if tail != b"PAR1" or size < 12:
        raise _truncated(path.name, "the Parquet file")
    return Raw(path, path.name, "parquet", file_digest(path), size)


def _refuse_binary(name: str, head: bytes, encoding: str) -> None:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise BadInput(
                "file-binary",
                f"{name} is {what}, not a text",
                hint="save it as CSV (UTF-8), JSON Lines or Parquet",
            )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding != "utf-16":
        raise BadInput(
            "file-encoding",
            f"{name} is UTF-16, not {encoding}",
            hint="encoding: utf-16 in the mapping",
        )
    packed = head.startswith(b"\x1f\x8b")
    if encoding != "utf-16" and not packed and _looks_binary(head):
        raise _binary(name)


def _looks_binary(head: bytes) -> bool:
    return b"\0" in head or len(_CONTROL.findall(head)) * 20 > len(head)


def _text(path: Path, kind: str, encoding: str, scratch: Path) -> Raw:
    packed = _head(path).startswith(b"\x1f\x8b")
    plain = encoding == "utf-8" and not packed
    readable = path if plain else scratch / "source.txt"
    counted, ends, size = sha256(), _Ends(), 0
    with ExitStack() as stack:
        out = None
        if not plain:
            out = stack.enter_context(readable.open("w", encoding="utf-8", newline=""))
        for raw, text in _decoded(path, encoding):
            counted.update(raw)
            size += len(raw)
            if text:
                ends.add(text)
            if text and out is not None:
                out.write(text)
    if not ends.content:
        raise _no_rows(path.name)
    if ends.mixed:
        readable = _one_line_end(readable, scratch / "lines.txt")
    whole = ends.last in ("\r", "\n")
    return Raw(readable, path.name, kind, counted.hexdigest(), size, ends.lines, whole)


def _sample(path: Path, kind: str, encoding: str, scratch: Path, limit: int) -> Raw:
    """Return a text file's first bytes, up to the end of a line, as a file of their own."""
    parts: list[str] = []
    size, whole = 0, False
    for raw, text in _decoded(path, encoding):
        parts.append(text)
        size += len(raw)
        whole = not raw
        if size >= limit:
            break
    text = "".join(parts)
    if not text.strip("\r\n"):
        raise _no_rows(path.name)
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    readable = scratch / "sample.txt"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    readable.write_text(text, "utf-8", newline="")
    return Raw(readable, path.name, kind, "", size, text.rstrip("\n").count("\n") + 1)


def _decoded(path: Path, encoding: str) -> Iterator[tuple[bytes, str]]:
    """Yield (bytes as read, text) with the byte-order mark taken off; every fault of the bytes."""
    name = path.name
    decoder = codecs.getincrementaldecoder(_CODECS.get(encoding, encoding))("strict")
    first, before = True, 0
    with _opened(path) as handle:
        while True:
            try:
                raw = handle.read(CHUNK)
            except (EOFError, OSError, zlib.error):
                raise _truncated(name, "the archive") from None
            text = _decode(decoder, raw, name, encoding, before)
            if first and encoding not in ("utf-8", "utf-16") and is_utf_8(raw):
                raise BadInput(
                    "file-encoding",
                    f"{name} is UTF-8, not {encoding}",
                    hint="encoding: utf-8 in the mapping",
                )
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if "\0" in text:
                raise _binary(name)
            yield raw, text
            if not raw:
                return
            before += text.count("\n")


def _decode(decoder: Any, raw: bytes, name: str, encoding: str, before: int) -> str:
    try:
        return str(decoder.decode(raw, final=not raw))
    except UnicodeDecodeError as error:
        if not raw:
            raise _truncated(name, "its last character") from None
        line = before + raw[: error.start].count(b"\n") + 1
        raise BadInput(
            "file-encoding",
            f"{name} is not {encoding} text: line {line} cannot be read",
            hint=_other_encoding(raw, encoding),
            facts={"line": line},
        ) from None
    except UnicodeError:
        raise BadInput(
            "file-encoding", f"{name} is not {encoding} text", hint="check encoding: in the mapping"
        ) from None


def _other_encoding(raw: bytes, encoding: str) -> str:
    found = guess_encoding(raw)
    if found == encoding:
        return "check encoding: in the mapping"
    return f"encoding: {found} in the mapping, if that is what it is"


def _one_line_end(source: Path, target: Path) -> Path:
    """Write the text again with one way to end a line: the CSV reader takes no mixture."""
    with (
        source.open("r", encoding="utf-8", newline=None) as text,
        target.open("w", encoding="utf-8", newline="\n") as out,
    ):
        while chunk := text.read(CHUNK):
            out.write(chunk)
    return target


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Give the bytes of a file, unpacked when it is a gzip archive."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast("IO[bytes]", unpacked)


def _no_rows(name: str) -> BadInput:
    return BadInput("file-empty", f"{name} holds no rows", hint="export it again")


def _unreadable(name: str, error: OSError) -> BadInput:
    return BadInput(
        "file-unreadable", f"{name} cannot be read: {error.strerror}", hint="check the path"
    )


def _truncated(name: str, what: str) -> BadInput:
    return BadInput(
        "file-truncated",
        f"{name} is cut off or damaged: {what} ends in the middle",
        hint="copy it again",
    )


def _binary(name: str) -> BadInput:
    return BadInput(
        "file-binary",
        f"{name} is binary, not a text",
        hint="save it as CSV (UTF-8), JSON Lines or Parquet",
    )
