# SPDX-License-Identifier: Apache-2.0
"""`tagwarden cert`: check the certificate of an erasure, without a workspace."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagging.finding import Text

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Check the certificate of an erasure.",
)


@app.callback()
def cert_group() -> None:
    """Check the certificate of an erasure."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate.")],
    vkey: Annotated[
        Path | None,
        typer.Option(
            "--vkey", help="File with the log's public keys. [default: those of this workspace]"
        ),
    ] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Check a certificate, and say what it proves.

    With --vkey it needs no workspace. Ends with exit code 6 when anything in it was changed.

    Example: tagwarden cert verify erasure.tlog-proof --vkey keys
    """
    from audit.clock import SECOND, iso
    from governance.erasure.certificate import PROVES, PROVES_NOT
    from governance.erasure.certificate import verify as check

    keys = _read(vkey).decode("ascii", "replace").split() if vkey else None
    found, seconds = check(
        _read(file), keys if keys is not None else workspace(where).evidence.proofs.verifier_keys()
    )
    language = lang or "en"
    signed = iso(seconds * SECOND) if seconds else ""
    data = {
        "good": True,
        "certificate": dict(found.body),
        "entry": found.proof.index,
        "signed": signed,
        "proves": [said.in_(language) for said in PROVES],
        "proves_not": [said.in_(language) for said in PROVES_NOT],
    }
    emit(data, as_json, lambda: _lines(found.body, data, language))


def _lines(body: "Mapping[str, Any]", data: "Mapping[str, Any]", language: str) -> Iterator[str]:
    from governance.erasure.words import GROUNDS
    from governance.holds import CATEGORIES

    chinese = language == "zh"
    yield ("证明书属实" if chinese else "the certificate is true") + f" ({body['cert']})"
    words = _ZH if chinese else _EN
    rows = {
        name: sum(place["rows"] for place in body[name])
        for name in ("erased", "shredded", "retained")
    }
    shown = {
        "request": body["request"],
        "scope": f"{_said(CATEGORIES, body['scope'], language)} {body['target']}".rstrip(),
        **{name: body[name] for name in ("requested", "committed", "done")},
        **{name: f"{count:,}" for name, count in rows.items()},
        "keys": f"{len(body['keys']):,}",
        **{name: body[name] for name in ("l1", "l2", "backups")},
        "open": ", ".join(_open(one, language) for one in body["open"]),
        "held": ", ".join(
            f"{_said(CATEGORIES, one['category'], language)} ({_said(GROUNDS, one['ground'], language)}, "
            f"{one['until']})"
            for one in body["held"]
        ),
        "signed": data["signed"],
    }
    for name, value in shown.items():
        if value:
            yield f"  {words[name]}: {value}"
    yield from (f"  {said}" for said in _stays(body, words, language))
    for said in data["proves"]:
        yield f"+ {said}"
    for said in data["proves_not"]:
        yield f"- {said}"


def _stays(body: "Mapping[str, Any]", words: "Mapping[str, str]", language: str) -> Iterator[str]:
    """Yield what was kept, why and until when, and what stays although it came from people."""
    from governance.erasure.words import GROUNDS, REMAINS
    from governance.registry import PLACES

    holds = {place.code: place.holds[language] for place in PLACES}
    for one in body["retained"]:
        place = holds.get(one["store"], one["store"])
        ground = _said(GROUNDS, one["ground"], language)
        yield words["kept"].format(place, one["rows"], one["until"], ground)
    for code in body["remains"]:
        yield f"{words['remains']}: {_said(REMAINS, code, language)}"


def _open(one: str, language: str) -> str:
    """Return who was not told, or has not confirmed (recipient:what:state), in words."""
    from governance.notifying import STATES, WHAT

    recipient, what, state = one.split(":")
    return f"{recipient}: {_said(WHAT, what, language)} ({_said(STATES, state, language)})"


def _said(known: "Mapping[str, Text]", code: str, language: str) -> str:
    """Return the words for a code; one of another version stands for itself."""
    return known[code].in_(language) if code in known else code


_EN = {
    "request": "request",
    "scope": "scope",
    "requested": "asked for",
    "committed": "begun for good",
    "done": "done",
    "erased": "rows erased",
    "shredded": "rows made unreadable",
    "retained": "rows kept on a ground",
    "keys": "keys destroyed",
    "l1": "L1, no file of the running system holds them since",
    "l2": "L2, no copy anywhere opens after",
    "backups": "backups of the keys may live until",
    "open": "not done yet",
    "held": "held, stored only, until",
    "kept": "kept: {} ({}), until {}: {}",
    "remains": "besides",
    "signed": "signed",
}
_ZH = {
    "request": "请求",
    "scope": "范围",
    "requested": "提出时间",
    "committed": "开始不可撤销执行",
    "done": "完成",
    "erased": "已删除行数",
    "shredded": "已不可读行数",
    "retained": "依据保留行数",
    "keys": "已销毁密钥数",
    "l1": "L1，运行系统各文件自此不再含有",
    "l2": "L2，任何副本此后均不可打开",
    "backups": "密钥备份最迟保留至",
    "open": "尚未完成",
    "held": "依法保留（仅存储），截至",
    "kept": "保留：{}（{}），至 {}：{}",
    "remains": "另",
    "signed": "签署时间",
}


def _read(path: Path) -> bytes:
    from audit.errors import BadInput

    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("file-unreadable", f"{path.name} cannot be read: {error.strerror}") from None
