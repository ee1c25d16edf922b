# SPDX-License-Identifier: Apache-2.0
"""Which kept reports stand beside the ones that are made now, and the examination beside them.

Reports on the same numbers are laid beside each other with proofs; those on other numbers of the same tag, and
those on other tags for how many people there are, number by number.
"""

from collections.abc import Mapping, Sequence

from audit.bias.beside import Told, told_of_people, told_of_tag
from audit.bias.cube import Cube
from audit.bias.policy import FairnessPolicy
from audit.bias.report import Examined, examine, with_status
from audit.bias.successive import Before
from audit.bias.verdict import judge_all
from governance.auditing.kept import Opened


def earlier(
    laid: Sequence[Opened], tag: str, policy: FairnessPolicy, outcome: str
) -> tuple[list[Before], str | None]:
    """Return the reports of a tag over the same numbers, oldest first, and the digest of the last."""
    found = [one for one in laid if one.like(tag, policy, outcome)]
    return [one.before for one in found], found[-1].digest if found else None


def examined(
    asked: Sequence[tuple[Cube, Mapping[str, bool]]],
    befores: Sequence[Sequence[Before]],
    policy: FairnessPolicy,
    laid: Sequence[Opened],
    outcome: str,
) -> list[Examined]:
    """Return the examinations of some tags, each beside what was reported, those before it included.

    Their verdicts are those after the correction over all these tags.
    """
    people = [(one.tag, told_of_people(one.before, one.policy)) for one in laid]
    found = []
    for (cube, benefit), older in zip(asked, befores, strict=True):
        others = [told for tag, told in people if tag != cube.tag]
        others += _of_tag([one for one in laid if one.tag == cube.tag], policy, outcome)
        made = examine(cube, policy, benefit, older, others)
        found.append(made)
        shown = frozenset(made.release.visible())
        now = Before(cube, made.merged, shown, policy.release.k, at="")
        people.append((cube.tag, told_of_people(now, policy)))
    verdicts = judge_all([one.fine for one in found], policy)
    return [with_status(one, said) for one, said in zip(found, verdicts, strict=True)]


def _of_tag(laid: Sequence[Opened], policy: FairnessPolicy, outcome: str) -> list[Told]:
    """Return what reports of the same tag over other numbers told."""
    found = []
    for number, one in enumerate(laid):
        if one.like(one.tag, policy, outcome):
            continue
        newest = not any(
            later.like(one.tag, one.policy, one.outcome) for later in laid[number + 1 :]
        )
        near = one.before.k if newest else 1
        found.append(told_of_tag(one.before, one.policy, near=near, outcome=one.outcome == outcome))
    return found
