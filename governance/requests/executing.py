# SPDX-License-Identifier: Apache-2.0
"""What is done when a request is granted. Each act may be repeated: a crash before its end repeats it.

A package is made when it is handed over, once, and kept nowhere. An erasure begins from the preview that
was approved, and ends the request when its certificate is there.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit.errors import BadInput
from governance import access, choice, consent, correcting, explaining, notifying, rulebook
from governance.access.forms import Form
from governance.access.package import Language
from governance.authority import demand
from governance.choice import ChoiceFact
from governance.consent import EVERY_KIND, ConsentFact
from governance.requests import desk, erasing, row
from governance.requests.machine import State, Step, step
from governance.requests.row import Request
from governance.store.private_file import Draft
from governance.store.unit import Unit
from policies.rights import rights
from policies.vocabulary import Choice
from policies.vocabulary import State as Said

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class How:
    """How the answer is handed over, where it is a document."""

    out: Path | None = None
    form: Form = "html"
    language: Language = "en"
    encrypt: bool = True
    force: bool = False
    """Whether a file of that name is replaced."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did: where the request stands now, and what the officer hands over."""

    request: Request
    lines: tuple[str, ...] = ()
    passphrase: str = field(default="", repr=False)
    """What opens an encrypted package; it is kept nowhere."""


@dataclass(frozen=True, slots=True)
class _Case:
    ws: "Workspace"
    request: Request
    how: How

    @property
    def subject_id(self) -> int:
        if self.request.subject_id is None:  # pragma: no cover  (nobody unverified comes here)
            raise AssertionError(self.request.ref)
        return self.request.subject_id

    @property
    def out(self) -> Path:
        if self.how.out is None:
            raise BadInput("needs-out", "this request is answered with a file", hint="--out FILE")
        return self.how.out

    def said(self) -> Mapping[str, str]:
        """Return what the person said."""
        cell = self.request.said
        if cell is None:
            return {}
        return self.ws.people.open_note(self.subject_id, row.row_of(self.request.ref), bytes(cell))


@dataclass(frozen=True, slots=True)
class _Result:
    lines: tuple[str, ...] = ()
    passphrase: str = ""
    end: Step = Step.FULFIL


def execute(ws: "Workspace", ref: str, how: How = How()) -> Done:
    """Carry a request out; returns where it stands then. Goes on where a crash stopped it.

    Raises Refused `not-verified`, `needs-review`, `on-hold`; `waits-outside`; BadInput `needs-out`;
    NotFound `unknown-request`; and what the act itself raises: then the request stays as it is, to be repeated.
    """
    demand(ws, "request.handle")
    with ws.store.write() as unit:
        found = row.load(unit.connection, ref)
        _check(found, how)
        if found.state != State.EXECUTING:
            found = desk.start(ws, unit, ref)
    result = _ACTS[rights().kinds[found.kind].act](_Case(ws, found, how))
    with ws.store.write() as unit:
        ended = desk.moved(ws, unit, ref, result.end)
        _owe(ws, unit, ended)
    return Done(ended, result.lines, result.passphrase)


def _owe(ws: "Workspace", unit: Unit, ended: Request) -> None:
    """Note, with the end of a request, which recipients must be told of it (GDPR Art. 19)."""
    kind = rights().kinds[ended.kind]
    if ended.subject_id is None:
        return
    if kind.act in _CHOICES:
        choice, target = _CHOICES[kind.act], ended.target if kind.target == "tag" else ""
        notifying.owe_choice(ws, unit, choice, target, ended.subject_id, ended.ref)
    elif kind.act in ("correct", "contest"):
        keys = {ended.target} if kind.target == "tag" else None
        notifying.owe(ws, unit, "correct", {ended.subject_id: ended.ref}, keys)


def _check(found: Request, how: How) -> None:
    """Refuse before anything is begun."""
    act = rights().kinds[found.kind].act
    step(found.standing, Step.FULFIL if found.state == State.EXECUTING else Step.START)
    if act in ("package", "portable", "rules") and how.out is None:
        raise BadInput("needs-out", "this request is answered with a file", hint="--out FILE")
    if act == "erase":
        raise erasing.carries_on("tagwarden erasure run")


def submit(ws: "Workspace", ref: str) -> Request:
    """Put a request before an officer who decides; a contested tag is out of use from now on.

    (GDPR Art. 18(1)(a).) Raises as `desk.submit`.
    """
    demand(ws, "request.handle")
    with ws.store.read() as connection:
        found = row.load(connection, ref)
    if erasing.is_erasure(found):
        return erasing.submit(ws, ref)
    step(found.standing, Step.SUBMIT)
    if rights().kinds[found.kind].act == "contest" and found.subject_id is not None:
        correcting.contest(ws, found.subject_id, found.target, source=ref)
    return desk.submit(ws, ref)


def approve(ws: "Workspace", ref: str) -> Request:
    """Grant a request that somebody else submitted; a deletion begins with it. As `desk.approve`."""
    with ws.store.read() as connection:
        found = row.load(connection, ref)
    return erasing.approve(ws, ref) if erasing.is_erasure(found) else desk.approve(ws, ref)


def deny(ws: "Workspace", ref: str, ground: str) -> Request:
    """Refuse a request; a contested tag is in use again. As `desk.deny`."""
    return _settled(ws, desk.deny(ws, ref, ground))


def revoke(ws: "Workspace", ref: str) -> Request:
    """Note that the person took a request back; a deletion stops while it can. As `desk.revoke`."""
    return _settled(ws, erasing.revoke(ws, ref))


def stop_with_code(ws: "Workspace", ref: str, secret: str) -> None:
    """Stop a deletion by the code of its notice; raises Refused `proof-refused`, and as `revoke`."""
    demand(ws, "request.handle")
    erasing.stop_with_code(ws, ref, secret)


def _settled(ws: "Workspace", ended: Request) -> Request:
    contested = rights().kinds[ended.kind].act == "contest" and _is_contested(ws, ended)
    if contested and ended.subject_id is not None:
        correcting.settle(ws, ended.subject_id, ended.target, upheld=False)
    return ended


def _is_contested(ws: "Workspace", found: Request) -> bool:
    with ws.store.read() as connection:
        held = choice.choices(connection, found.subject_id or 0)
    return any((one.kind, one.target) == (Choice.CONTEST, found.target) for one in held)


def stop(ws: "Workspace", ref: str) -> Request:
    """Put a request that could not be carried out back among the open ones.

    Raises Conflict `erasure-carries-on` for a deletion: that is taken back, or goes to its end.
    """
    demand(ws, "request.handle")
    with ws.store.write() as unit:
        if erasing.is_erasure(row.load(unit.connection, ref)):
            raise erasing.carries_on(
                "tagwarden request revoke REF, when the person takes it back in time"
            )
        return desk.moved(ws, unit, ref, Step.STOP)


def _package(case: _Case) -> _Result:
    done = access.export(
        case.ws,
        case.subject_id,
        case.out,
        form=case.how.form,
        language=case.how.language,
        portable=rights().kinds[case.request.kind].act == "portable",
        encrypt=case.how.encrypt,
        force=case.how.force,
    )
    return _Result((f"{case.out}: {sum(done.counts.values())} records",), done.passphrase)


def _categories(case: _Case) -> _Result:
    found = access.contents(case.ws, case.subject_id, case.how.language)
    return _Result(tuple(f"{title}: {count}" for title, count in found))


def _correct(case: _Case) -> _Result:
    value = case.said().get("value", "")
    if value:
        correcting.correct(case.ws, case.subject_id, case.request.target, value, asked=True)
    else:
        correcting.delete(case.ws, case.subject_id, case.request.target, asked=True)
    return _Result()


def _contest(case: _Case) -> _Result:
    if _is_contested(case.ws, case.request):
        correcting.settle(case.ws, case.subject_id, case.request.target, upheld=True)
    return _Result()


def _choose(kind: Choice, *, active: bool = True) -> Callable[[_Case], _Result]:
    def choose(case: _Case) -> _Result:
        at = case.ws.evidence.now()
        fact = ChoiceFact(
            case.subject_id, kind, case.request.target, active, at, source=case.request.ref
        )
        choice.submit(case.ws, fact)
        return _Result()

    return choose


def _withdraw(case: _Case) -> _Result:
    fact = ConsentFact(
        case.subject_id,
        case.request.target,
        Said.WITHDRAWN,
        EVERY_KIND,
        case.ws.evidence.now(),
        source=case.request.ref,
    )
    consent.submit(case.ws, fact)
    return _Result()


def _rules(case: _Case) -> _Result:
    found = rulebook.rulebook_of(case.ws, case.request.regime)
    with (
        access.handing_over(case.ws, case.out, force=case.how.force),
        closing(Draft(case.out)) as draft,
    ):
        draft.file.write(rulebook.as_html(found, case.how.language).encode("utf-8"))
        draft.finish()
        draft.publish(over=case.how.force)
    return _Result((str(case.out),))


def _explain(case: _Case) -> _Result:
    found = explaining.lines(
        case.ws,
        case.subject_id,
        [case.request.target],
        depth="subject",
        language=case.how.language,
    )
    return _Result(tuple(found))


_CHOICES: Final[Mapping[str, Choice]] = {
    "restrict": Choice.RESTRICT,
    "object": Choice.OBJECT,
    "block": Choice.BLOCK,
    "depersonalise": Choice.DEPERSONALISE,
    "opt-out": Choice.OPT_OUT,
    "limit": Choice.LIMIT,
    "decisions-opt-out": Choice.ADMT_OPT_OUT,
}
"""Act → the choice that it makes."""
_ACTS: Final[Mapping[str, Callable[[_Case], _Result]]] = {
    "package": _package,
    "portable": _package,
    "categories": _categories,
    "correct": _correct,
    "contest": _contest,
    "withdraw": _withdraw,
    "rules": _rules,
    "explain": _explain,
    "unblock": _choose(Choice.BLOCK, active=False),
    **{act: _choose(kind) for act, kind in _CHOICES.items()},
}
