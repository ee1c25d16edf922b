# SPDX-License-Identifier: Apache-2.0
"""The tag is computed again on an event that cannot change it.

**Finds.** A type in `refresh.on` that neither the rule nor the tags it names read.

**Why.** Each such event costs a computation of one person for nothing; most often the type is misspelled, and the event
that was meant triggers nothing.

**Mend.** Name the types that the rule reads.

**Fails:**

    refresh: {every: 1d, on: [purchse]}

**Passes:**

    refresh: {every: 1d, on: [purchase]}
"""

from collections.abc import Iterator

from policies.document import nearest
from tagging.finding import Finding, Lint, Stated
from tagging.reading import types_read

LINT = Lint(__name__, "warning", zh="触发刷新的事件类型与规则无关")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding for each type of event that is not read."""
    if stated.root is None or not stated.tag.refresh.on:
        return
    read = types_read(stated.root, stated.around.roots)
    if read is None:
        return
    for number, kind in enumerate(stated.tag.refresh.on):
        if kind not in read:
            known = ", ".join(sorted(read)) or "none"
            hint = nearest(kind, read)
            yield LINT.finds(
                stated,
                ("refresh", "on", number),
                (
                    f'the rule does not read events of type "{kind}"',
                    f"规则不读取“{kind}”类型的事件",
                ),
                (hint or f"the rule reads: {known}", hint or f"规则读取的类型：{known}"),
            )
