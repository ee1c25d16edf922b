# SPDX-License-Identifier: Apache-2.0
"""How a request is printed."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from governance.cli.out import emit, read_argument, table

if TYPE_CHECKING:
    from governance.requests.announcing import Announcement
    from governance.requests.row import Request, Stepped
    from governance.workspace import Workspace


def tell(
    found: "Request",
    language: str,
    heard: "Announcement | None" = None,
    more: Iterable[str] = (),
    *,
    as_json: bool,
) -> None:
    """Print where a request stands now, how a deletion is announced to the person, and `more`."""
    from dataclasses import asdict

    lines = [f"{found.ref}: {state_of(found, language)}", *stands_of(found, language)]
    if heard:
        lines += heard.lines(language)
    lines += more
    notice = {"notice": asdict(heard)} if heard else {}
    emit({"request": data_of(found), **notice}, as_json, lines)


def goes_on(ws: "Workspace", found: "Request", language: str) -> list[str]:
    """Return what comes after an approval: who types what, and until when a deletion can be stopped."""
    from audit.clock import iso
    from governance import erasure
    from governance.requests.erasing import is_erasure

    chinese = language == "zh"
    if not is_erasure(found):
        return [f"{'下一步：' if chinese else 'then: '}tagwarden request execute {found.ref}"]
    (saga,) = erasure.sagas(ws, found.ref)
    until, run = iso(saga.grace_until), f"tagwarden erasure run {found.ref}"
    if saga.grace_until <= ws.clock.now():
        return [f"{'下一步：' if chinese else 'then: '}{run}"]
    return [
        f"{until} 前可撤销；之后：{run}"
        if chinese
        else f"it can be stopped until {until}; then: {run}"
    ]


def freed(ws: "Workspace", found: "Request", language: str) -> list[str]:
    """Return what a deletion that had begun leaves when it is taken back."""
    from governance import erasure

    if all(one.ref != found.ref for one in erasure.sagas(ws)):
        return []
    if language == "zh":
        return ["其所限制、屏蔽或拒绝的处理均已恢复；已终止的标签将在下次计算时恢复"]
    return [
        "what it had restricted, blocked or objected to is free again; tags come back with the next run"
    ]


def data_of(found: "Request") -> dict[str, Any]:
    """Return a request as data."""
    return {
        "ref": found.ref,
        "kind": found.kind,
        "target": found.target,
        "regime": found.regime,
        "by": found.requester,
        "channel": found.channel,
        "state": str(found.state),
        "code": found.code,
        "identity": found.known,
        "received": found.received_on.isoformat(),
        "clock": found.clock,
        "due": found.due.isoformat(),
        "extended_due": found.extended_due.isoformat() if found.extended_due else None,
        "acknowledge_by": found.ack_due.isoformat() if found.ack_due else None,
        "estimated": found.estimated,
        "extension": found.extension,
        "hold": found.hold,
        "hold_until": found.hold_until.isoformat() if found.hold_until else None,
        "waiting": found.waiting,
        "awaited": found.awaited,
        "waiting_since": found.waiting_since.isoformat() if found.waiting_since else None,
        "waiting_until": found.waiting_until.isoformat() if found.waiting_until else None,
    }


def step_of(one: "Stepped") -> dict[str, Any]:
    """Return a step as data."""
    from audit.clock import iso

    return {
        "at": iso(one.at),
        "step": one.step,
        "state": one.state,
        "code": one.code,
        "operator": one.operator,
    }


def state_of(found: "Request", language: str) -> str:
    """Return where a request stands, in words."""
    from governance.requests.words import waits_in
    from policies.rights import rights

    said = rights().words.states[found.state].in_(language)
    held = found.hold and rights().holds[found.hold].in_(language)
    waits = found.outside and waits_in(found.outside, language)
    more = "; ".join(part for part in (held, found.code, waits) if part)
    return f"{said} ({more})" if more else said


def stands_of(found: "Request", language: str) -> Iterator[str]:
    """Yield what is to be known of a request that is on hold or waits for somebody: its clock runs on."""
    from policies.periods import clock_rule

    if found.hold or found.waiting:
        until, cites = found.deadline.isoformat(), "; ".join(clock_rule(found.clock).cites)
        yield (
            f"期限不因此中止：最迟 {until}（{cites}）"
            if language == "zh"
            else f"this stops no clock: the last day is {until} ({cites})"
        )


def lines_of(found: "Request", steps: list["Stepped"], language: str) -> Iterator[str]:
    """Yield a request and its steps as lines."""
    from audit.clock import iso
    from policies.rights import rights

    name = rights().kinds[found.kind].name.in_(language)
    about = f": {found.target}" if found.target else ""
    yield f"{found.ref}  {name}{about}  {state_of(found, language)}"
    until = found.deadline.isoformat()
    received = found.received_on.isoformat()
    if language == "zh":
        yield f"收到 {received}，期限 {until}（{found.clock}）"
    else:
        yield f"received {received}, due {until} ({found.clock})"
    yield from stands_of(found, language)
    yield ""
    states = rights().words.states
    heads = ("时间", "步骤", "状态", "详情", "操作者") if language == "zh" else _HEADS
    yield from table(
        heads,
        [
            (
                iso(one.at),
                one.step,
                states[one.state].in_(language),
                _details(one, language),
                one.operator,
            )
            for one in steps
        ],
    )


_HEADS = ("time", "step", "state", "details", "operator")


def _details(one: "Stepped", language: str) -> str:
    """Return the words for what a step was about, where there are some; else its code."""
    from governance.requests.machine import Step
    from governance.requests.words import detail_in, ground_in

    match one.step:
        case Step.WAIT:
            return detail_in("outside", one.code, language)
        case Step.HOLD:
            return detail_in("hold", one.code, language)
        case "notice":
            return detail_in("letter", one.code, language)
        case Step.DENY:
            return ground_in(one.code, language)
    return one.code


def secret_argument(given: str) -> str:
    """Return a secret that stdin or a file gives; raises BadInput `secret-in-arguments` for any other."""
    from audit.errors import BadInput

    if given != "-" and not given.startswith("@"):
        raise BadInput(
            "secret-in-arguments",
            "a code, or what a person states, comes from standard input or a file",
            hint="- reads stdin, @FILE reads a file; others can read the arguments of a command",
        )
    return read_argument(given)
