# SPDX-License-Identifier: Apache-2.0
"""The key says one dimension, `dimension` says another.

**Finds.** A key whose first part is a dimension (`basic`, `behaviour`, `interest`, `consumption`, `social`, `credit`) other than
that of the document.

**Why.** People look for tags by key and by dimension; what is in two places is found in neither.

**Mend.** Change the one that is wrong. A new key is a new tag: the old one is deprecated.

**Fails:**

    dimension: consumption

**Passes:**

    dimension: interest
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(__name__, "warning", zh="键的前缀与维度不一致")

_DIMENSIONS = ("basic", "behaviour", "interest", "consumption", "social", "credit")


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when the first part of the key is another dimension."""
    first = stated.tag.key.split(".")[0]
    if first in _DIMENSIONS and first != stated.tag.dimension:
        yield LINT.finds(
            stated,
            ("dimension",),
            (
                f'the key says "{first}", the dimension "{stated.tag.dimension}"',
                f"键为“{first}”，维度却是“{stated.tag.dimension}”",
            ),
            (f"dimension: {first}", f"dimension: {first}"),
        )
