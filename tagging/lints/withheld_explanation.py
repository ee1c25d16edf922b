# SPDX-License-Identifier: Apache-2.0
"""A tag with significant effect that keeps its bounds to itself.

**Finds.** `thresholds: withheld` together with `effect: legal_or_similarly_significant`.

**Why.** Whoever is decided about is told the procedure and principles actually applied (GDPR Art. 15(1)(h),
C-203/22; PIPL Art. 24(3)). A trade secret goes to the authority or court for balancing; a blanket refusal does not pass.

**Mend.** `thresholds: public`.

**Fails:**

    purposes: [credit_decision]
    basis: {gdpr: contract}
    effect: legal_or_similarly_significant
    thresholds: withheld

**Passes:**

    purposes: [credit_decision]
    basis: {gdpr: contract}
    effect: legal_or_similarly_significant
    thresholds: public
"""

from collections.abc import Iterator

from tagging.finding import Finding, Lint, Stated

LINT = Lint(
    __name__,
    "error",
    zh="具有重大影响的标签不公开阈值",
    cites=("GDPR Art. 15(1)(h)", "CJEU C-203/22", "PIPL Art. 24(3)"),
)


def check(stated: Stated) -> Iterator[Finding]:
    """Yield a finding when a decision cannot be explained."""
    if stated.tag.effect != "none" and stated.tag.thresholds == "withheld":
        yield LINT.finds(
            stated,
            ("thresholds",),
            (
                "people whom this decides about would not be told its bounds",
                "受该决定影响的个人将无法得知其阈值",
            ),
            ("thresholds: public", "thresholds: public"),
        )
