# SPDX-License-Identifier: Apache-2.0
"""Whether a planned tag comes near one with an unresolved finding: the same rule but for its numbers.

The same rule under another name is stopped with the other (`governance.standing`). One whose number moved by one
is another rule, and may be a good one: it is told to whoever plans and approves, and stops nothing.
"""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection

from governance import findings
from governance.catalogue import Active
from governance.changing.plan import PlanFinding
from tagging.rules.tree import Node
from tagging.shape import shape

CODE = "near-finding"


def near(
    connection: Connection,
    planned: Mapping[str, Node],
    present: Mapping[str, Active],
    changed: Collection[str],
) -> Iterator[tuple[str, PlanFinding]]:
    """Yield the changed tags that come near others with an unresolved finding, each with what is said."""
    found = {
        key: shape(present[key].root) for key in findings.open_from(connection) if key in present
    }
    for key in sorted(planned.keys() & set(changed)) if found else ():
        mine = shape(planned[key])
        for other in sorted(name for name, one in found.items() if name != key and one == mine):
            yield key, _said(key, other)


def _said(key: str, other: str) -> PlanFinding:
    return PlanFinding(
        code=CODE,
        severity="warning",
        message={
            "en": f'its rule is that of "{other}", or differs from it in numbers only; a finding of an audit on '
            f'"{other}" is not resolved',
            "zh": f"其规则与“{other}”相同，或仅数值不同；“{other}”有未解决的审计发现",
        },
        fix={
            "en": f"judge whether it treats the same group alike; after its first run: tagwarden audit bias --tag {key}",
            "zh": f"请判断它是否同样对待该群体；首次计算后执行：tagwarden audit bias --tag {key}",
        },
    )
