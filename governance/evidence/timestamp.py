# SPDX-License-Identifier: Apache-2.0
"""RFC 3161: a time-stamping authority signs the hash of a checkpoint together with its own time.

The token is kept beside the checkpoint. Here it is only compared with what was asked (hash, nonce,
status); who signed it is for the verifier to judge, with the authority's certificate:
`openssl ts -verify -data SIZE.note -in SIZE.tsr -CAfile tsa.pem`.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from audit.errors import Refused
from governance.evidence.notes import newest_note, put_note, unreachable
from governance.store import private_file

_SECONDS = 20
_MAX_BYTES = 100_000
_GRANTED = (0, 1)


@dataclass(frozen=True, slots=True)
class StampAnchor:
    """An authority; its tokens are kept as SIZE.tsr beside the checkpoints they are about."""

    url: str
    receipts: Path

    @property
    def name(self) -> str:
        """What the settings call it."""
        return f"rfc3161:{self.url}"

    @property
    def folder(self) -> Path:
        """Where the tokens of this authority are kept."""
        parts = urlsplit(self.url)
        return self.receipts / f"{parts.hostname}-{parts.port or parts.scheme}"

    def newest(self) -> bytes | None:
        """Return the newest checkpoint that the authority has stamped."""
        return newest_note(self.folder) if self.folder.is_dir() else None

    def send(self, size: int, note: bytes) -> None:
        """Have a checkpoint stamped; raises Conflict `anchor-unreachable`, Refused."""
        token = _stamped(self.url, note)
        try:
            private_file.make_folder(self.folder)
            private_file.replace(self.folder / f"{size}.tsr", token)
        except OSError as error:
            raise unreachable(f"its token cannot be kept: {error.strerror}") from None
        put_note(self.folder, size, note)


def _stamped(url: str, note: bytes) -> bytes:
    try:
        from rfc3161_client import (  # noqa: PLC0415  (an extra)
            HashAlgorithm,
            TimestampRequestBuilder,
            decode_timestamp_response,
        )
    except ImportError:
        raise Refused(
            "anchors-missing",
            "time stamps need a package that is not installed",
            hint="pip install 'tagwarden[anchors]'",
        ) from None
    asked = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
    data = _post(url, asked.as_bytes())
    try:
        answer = decode_timestamp_response(data)
        told = answer.tst_info
        fits = (
            answer.status in _GRANTED
            and told.nonce == asked.nonce
            and told.message_imprint.message == sha256(note).digest()
        )
    except ValueError:
        fits = False
    if not fits:
        raise unreachable("the authority answered something else than a stamp of this checkpoint")
    return data


def _post(url: str, body: bytes) -> bytes:
    import urllib.request  # noqa: PLC0415  (slow to load, and most shops never need it)

    request = urllib.request.Request(  # noqa: S310  (http or https: the settings are checked)
        url, body, {"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return bytes(answer.read(_MAX_BYTES))
    except (OSError, ValueError) as error:
        raise unreachable(f"{urlsplit(url).hostname}: {type(error).__name__}") from None
