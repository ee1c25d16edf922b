# SPDX-License-Identifier: Apache-2.0
"""How answers are laid together: the companions of a regime beside it, an operator's overlay over it.

The stricter one counts. Only an overlay that names its reason may be laxer than what lies beneath, and
then the trace says so.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from policies.vocabulary import DUTIES, Consent, Verdict

if TYPE_CHECKING:
    from policies.decision import Answer

_SEVERITY: Final = (Verdict.ALLOWED, Verdict.NEEDS_CONSENT, Verdict.GAP, Verdict.PROHIBITED)
_STRENGTH: Final = tuple(Consent)
_CLOSED: Final = (Verdict.GAP, Verdict.PROHIBITED)


def severity(answer: "Answer") -> tuple[int, int]:
    """Return how strict an answer is: higher is stricter."""
    return _SEVERITY.index(answer.verdict), _STRENGTH.index(answer.consent)


def beside(answer: "Answer", companions: Iterable["Answer"]) -> "Answer":
    """Return the answer with those of the companions: the strictest verdict, every citation of it."""
    for other in companions:
        if other.verdict is not Verdict.ALLOWED:
            answer = _joined(answer, other)
    return answer


def over(beneath: "Answer", above: "Answer", reason: str) -> tuple["Answer", str]:
    """Return the answer of an overlay over the one beneath it, and what is to be said of it.

    Without a reason the overlay can only add: a laxer verdict does not count, no duty is lost.
    """
    laxer = severity(above) < severity(beneath)
    lost = above.verdict not in _CLOSED and set(beneath.requires) - set(above.requires)
    if reason:
        return above, f"laxer than {beneath.rule}: {reason}" if laxer or lost else ""
    if laxer:
        return _added(beneath, above), f"{above.rule} is laxer and gives no reason: does not count"
    return _added(above, beneath), ""


def _joined(answer: "Answer", other: "Answer") -> "Answer":
    """Lay a companion's answer beside; its rule decides when it is stricter."""
    stricter = severity(other) > severity(answer)
    first, second = (other, answer) if stricter else (answer, other)
    kept = () if first.verdict in _CLOSED else second.requires
    known = [
        carries for carries in (answer.basis_carries, other.basis_carries) if carries is not None
    ]
    return replace(
        answer,
        verdict=first.verdict,
        consent=first.consent,
        sensitive=answer.sensitive or other.sensitive,
        requires=_ordered([*first.requires, *kept]),
        cites=tuple(dict.fromkeys([*first.cites, *second.cites])),
        why=first.why,
        rule=first.rule,
        provenance=first.provenance,
        basis_carries=all(known) if known else None,
        trace=(*answer.trace, *other.trace),
    )


def _added(counts: "Answer", adds: "Answer") -> "Answer":
    """Return the answer that counts, with the marks and duties of the other one."""
    kept = () if counts.verdict in _CLOSED else adds.requires
    return replace(
        counts,
        sensitive=counts.sensitive or adds.sensitive,
        requires=_ordered([*counts.requires, *kept]),
        basis_carries=False if adds.basis_carries is False else counts.basis_carries,
    )


def _ordered(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes), key=DUTIES.index))
