# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request challenge|confirm|mandate|contacts|deliver`: whose request it is.

Secrets come from stdin or a file, never as an argument. What `challenge` and `confirm` say does not
depend on whether the person is known here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, note, table, workspace
from governance.cli.request_words import secret_argument, state_of
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.requests.row import Request

Ref = Annotated[str, typer.Argument(metavar="REF", help="Number of the request.")]


def register(app: typer.Typer) -> None:
    """Give the commands of this file to the command that handles requests."""
    for command in (challenge, confirm, mandate, contacts, deliver):
        app.command()(command)


def challenge(
    ref: Ref,
    *,
    to: Annotated[str, typer.Option("--to", help="email or phone. [default: what is left]")] = "",
    later: Annotated[
        bool,
        typer.Option(
            "--later", help="Leave sending to `request deliver`: then the time taken tells nothing."
        ),
    ] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Ask the person for proof: a code goes to a contact that is on file.

    Example: tagwarden request challenge rq-3f9a0c41b2d7e865
    """
    import sys

    from governance.identity.messages import send_waiting
    from governance.requests.proving import challenge as ask
    from policies.rights import rights

    ws = workspace(where)
    asked = ask(ws, ref, to)
    data = {"ref": asked.ref, "state": asked.state, "minutes": asked.minutes}
    language = language_of(ws, lang)
    stands = rights().words.states[asked.state].in_(language)
    said = [
        f"{asked.ref}: {stands}",
        *(line.format(asked.minutes, ref) for line in _ASKED[language]),
    ]
    emit(data, as_json, said)
    if not later:
        sys.stdout.flush()
        send_waiting(ws, ref)


def confirm(
    ref: Ref,
    secret: Annotated[
        str, typer.Argument(metavar="CODE", help="- reads the code from stdin, @FILE from a file.")
    ] = "",
    *,
    known: Annotated[
        str,
        typer.Option(
            "--known-data", help="Data that the person states, JSON: - reads stdin, @FILE a file."
        ),
    ] = "",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the code that the person got, or data that they state, as proof.

    Example: tagwarden request confirm rq-3f9a0c41b2d7e865 -
    """
    from audit.errors import BadInput
    from governance.requests import proving

    if bool(known) == bool(secret):
        raise BadInput(
            "one-proof", "either a code or stated data is proof", hint="CODE, or --known-data"
        )
    ws, text = workspace(where), secret_argument(known or secret)
    after = proving.state_data(ws, ref, _stated(text)) if known else proving.answer(ws, ref, text)
    _tell(after, language_of(ws, lang), as_json=as_json)


def mandate(
    ref: Ref,
    *,
    document: Annotated[
        str, typer.Option("--document", help="Number of a mandate that you have seen.")
    ] = "",
    signed: Annotated[
        Path | None, typer.Option("--signed", help="File with a mandate that the person signed.")
    ] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note by what an agent, a guardian or a relative may ask for the person.

    Example: tagwarden request mandate rq-3f9a0c41b2d7e865 --document M-2026-17
    """
    from audit.errors import BadInput
    from governance.requests import proving

    if bool(document) == (signed is not None):
        raise BadInput("bad-mandate", "a mandate is a document that you saw, or a signed file")
    ws = workspace(where)
    if signed is None:
        _tell(proving.mandate_seen(ws, ref, document), language_of(ws, lang), as_json=as_json)
        return
    try:
        data = signed.read_bytes()
    except OSError as error:
        raise BadInput("file-unreadable", f"the file cannot be read: {error.strerror}") from None
    _tell(proving.mandate_signed(ws, ref, data), language_of(ws, lang), as_json=as_json)


def contacts(ref: Ref, where: Where = None, as_json: Json = False) -> None:
    """Show masked through which contacts the person of a request can be reached.

    Example: tagwarden request contacts rq-3f9a0c41b2d7e865
    """
    from audit.clock import iso
    from governance.requests.proving import contacts_on_file

    found = contacts_on_file(workspace(where), ref)
    data = [{"kind": c.kind, "contact": c.masked, "since": iso(c.since)} for c in found]
    rows = [(c.kind, c.masked, iso(c.since)) for c in found]
    emit({"contacts": data}, as_json, lambda: table(("kind", "contact", "since"), rows))


def deliver(where: Where = None, as_json: Json = False) -> None:
    """Send the messages that wait.

    Example: tagwarden request deliver
    """
    from dataclasses import asdict

    from governance.identity.messages import send_waiting

    sent = send_waiting(workspace(where))
    if sent.failed:
        note("some messages wait on: look at delivery.command or delivery.folder, then repeat this")
    emit(asdict(sent), as_json, [f"{sent.sent} sent, {sent.nowhere} nowhere, {sent.failed} failed"])


def _stated(text: str) -> dict[str, str]:
    import json

    from audit.errors import BadInput

    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise BadInput(
            "bad-statement",
            "what a person states is JSON: attributes and their values",
            hint='{"city": "…", "birth_year": "…"}',
        )
    return found


_ASKED = {
    "en": (
        "a code goes to a contact on file, if there is one; it counts for {} minutes",
        "then: tagwarden request confirm {1} - (the code on standard input)",
    ),
    "zh": (
        "如有已留存的联系方式，验证码将发送至该处，{} 分钟内有效",
        "下一步：tagwarden request confirm {1} -（从标准输入读取验证码）",
    ),
}
_ENOUGH = {
    "en": ("more proof is needed: another contact, or stated data", "the proof is enough"),
    "zh": ("尚需更多证明：另一联系方式或所述信息", "证明充分"),
}


def _tell(after: "Request", language: str, *, as_json: bool) -> None:
    data = {"ref": after.ref, "state": str(after.state), "known": after.known, "code": after.code}
    enough = _ENOUGH[language][after.known >= after.standing.needs]
    emit(data, as_json, [f"{after.ref}: {state_of(after, language)}", enough])
