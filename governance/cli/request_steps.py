# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request …`: the steps between receipt and answer, and who decides."""

from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.request_words import freed, goes_on, secret_argument, tell
from governance.cli.who import language_of

Ref = Annotated[str, typer.Argument(metavar="REF", help="Number of a request.")]


def verify(
    ref: Ref,
    by: Annotated[str, typer.Option("--by", help="in-person, session or known-contact.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note that you have made sure who it is.

    Example: tagwarden request verify rq-0123456789abcdef --by in-person
    """
    from governance.requests import desk

    ws = workspace(where)
    tell(desk.vouch(ws, ref, by), language_of(ws, lang), as_json=as_json)


def preview(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show what a deletion would erase, keep and make unreadable, place by place.

    Example: tagwarden request preview rq-0123456789abcdef
    """
    from dataclasses import asdict

    from governance.cli.erasure import told
    from governance.requests import erasing
    from governance.requests.announcing import announcement

    ws = workspace(where)
    found = erasing.preview(ws, ref)
    language, heard = language_of(ws, lang), announcement(ws, ref)
    data = found.record() | {"digest": found.digest, "notice": heard and asdict(heard)}
    emit(data, as_json, lambda: (*told(found, language), *(heard.lines(language) if heard else ())))


def submit(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Put a request before an officer who decides.

    Example: tagwarden request submit rq-0123456789abcdef
    """
    from governance.requests import executing
    from governance.requests.announcing import announcement

    ws = workspace(where)
    found, language = executing.submit(ws, ref), language_of(ws, lang)
    tell(found, language, announcement(ws, ref), as_json=as_json)


def approve(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Grant a request that somebody else submitted.

    Example: tagwarden request approve rq-0123456789abcdef
    """
    from governance.requests import executing
    from governance.requests.announcing import announcement

    ws = workspace(where)
    found, language = executing.approve(ws, ref), language_of(ws, lang)
    heard, more = announcement(ws, ref), goes_on(ws, found, language)
    tell(found, language, heard, more, as_json=as_json)


def return_(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Give a request back that cannot be decided yet.

    Example: tagwarden request return rq-0123456789abcdef
    """
    from governance.requests import desk

    ws = workspace(where)
    tell(desk.hand_back(ws, ref), language_of(ws, lang), as_json=as_json)


def deny(
    ref: Ref,
    ground: Annotated[str, typer.Option("--ground", help="A ground that the law knows.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Refuse a request, on a ground that its law knows.

    Example: tagwarden request deny rq-0123456789abcdef --ground not-identified
    """
    from governance.requests import executing

    ws = workspace(where)
    tell(executing.deny(ws, ref, ground), language_of(ws, lang), as_json=as_json)


def revoke(
    ref: Ref,
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", help="The code of the notice: - reads stdin, @FILE a file."),
    ] = "",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note that the person has taken the request back; a deletion stops while it still can.

    With a code, whoever has it stops a deletion: it was sent to every contact on file.

    Example: tagwarden request revoke rq-0123456789abcdef
    """
    from governance.requests import executing, reading

    ws = workspace(where)
    if code:
        executing.stop_with_code(ws, ref, secret_argument(code))
        ended = reading.shown(ws, ref)[0]
    else:
        ended = executing.revoke(ws, ref)
    language = language_of(ws, lang)
    tell(ended, language, more=freed(ws, ended, language), as_json=as_json)


def stop(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Put a request that could not be carried out back among the open ones.

    Example: tagwarden request stop rq-0123456789abcdef
    """
    from governance.requests import executing

    ws = workspace(where)
    tell(executing.stop(ws, ref), language_of(ws, lang), as_json=as_json)


def extend(
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help="complexity or number.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the longer time, once; the person must be told within the first.

    Example: tagwarden request extend rq-0123456789abcdef --reason complexity
    """
    from governance.requests import timing

    ws = workspace(where)
    tell(timing.extend(ws, ref, reason), language_of(ws, lang), as_json=as_json)


def hold(
    ref: Ref,
    *,
    ground: Annotated[str, typer.Option("--ground", help="fee, clarification or legal-hold.")],
    until: Annotated[str, typer.Option("--until", help="Last day of the hold, YYYY-MM-DD.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Put a request on hold until a day; its clock runs on.

    Example: tagwarden request hold rq-0123456789abcdef --ground fee --until 2026-12-15
    """
    from governance.requests import timing
    from policies.clocks import read_day

    ws = workspace(where)
    held = timing.hold(ws, ref, ground, read_day(until, "the last day"))
    tell(held, language_of(ws, lang), as_json=as_json)


def release(ref: Ref, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """End the hold of a request.

    Example: tagwarden request release rq-0123456789abcdef
    """
    from governance.requests import timing

    ws = workspace(where)
    tell(timing.release(ws, ref), language_of(ws, lang), as_json=as_json)


def wait(
    ref: Ref,
    *,
    whom: Annotated[
        str, typer.Option("--for", help="controller, processor, recipient or authority.")
    ],
    what: Annotated[
        str, typer.Option("--what", help="data, instruction, confirmation or decision.")
    ],
    until: Annotated[str, typer.Option("--until", help="By when it is expected, YYYY-MM-DD.")],
    since: Annotated[
        str, typer.Option("--since", help="Day on which it was asked for. [default: today]")
    ] = "",
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note that a request waits for somebody outside; its clock runs on.

    It goes no further until that has arrived, or somebody goes on without it.
    Example: tagwarden request wait rq-0123456789abcdef --for processor --what data --until 2026-12-15
    """
    from governance.requests import timing
    from policies.clocks import read_day

    ws = workspace(where)
    last = read_day(until, "the day by which it is expected")
    first = read_day(since, "the day on which it was asked for") if since else None
    tell(
        timing.wait(ws, ref, whom, what, until=last, since=first),
        language_of(ws, lang),
        as_json=as_json,
    )


def arrived(
    ref: Ref,
    *,
    without: Annotated[
        bool, typer.Option("--without", help="It did not arrive: go on without it.")
    ] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Note that what a request waited for has arrived.

    Example: tagwarden request arrived rq-0123456789abcdef
    """
    from governance.requests import timing

    ws = workspace(where)
    tell(timing.arrive(ws, ref, without=without), language_of(ws, lang), as_json=as_json)


def expire(where: Where = None, as_json: Json = False) -> None:
    """End requests that nobody proved to be theirs in time, and holds that are over.

    Example: tagwarden request expire
    """
    from governance.requests import timing

    found = timing.expire(workspace(where))
    rows = [(one.ref, one.kind, str(one.state)) for one in found]
    data = [{"ref": one.ref, "state": str(one.state)} for one in found]
    emit({"requests": data}, as_json, table(("request", "kind", "state"), rows))


def register(app: typer.Typer) -> None:
    """Add the steps to the noun."""
    for step in (verify, preview, submit, approve, deny, extend, hold, release, revoke, stop):
        app.command()(step)
    app.command()(wait)
    app.command()(arrived)
    app.command(name="return")(return_)
    app.command()(expire)
