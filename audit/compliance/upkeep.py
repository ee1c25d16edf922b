# SPDX-License-Identifier: Apache-2.0
"""Checks of what keeps everything else: the keys, the evidence log, and models that age."""

from typing import Final

from audit.compliance.checks import TELL, Values, told
from audit.compliance.facts import Facts
from audit.compliance.verdict import Found, Said

DAY_HOURS: Final = 24


def keys(facts: Facts, _row: str) -> Found:
    """Keys are rotated in time, backed up, and everybody on record has one."""
    found = facts.keys
    figures = (
        ("key-epoch", found.epoch),
        ("key-age", found.age),
        ("key-limit", found.limit),
        ("people-without-key", found.keyless),
    )
    said = []
    if found.age > found.limit:
        said.append(Said("keys.old", {"days": found.age, "limit": found.limit}))
    if found.unfinished:
        said.append(Said("keys.unfinished"))
    if found.backup in ("none", "old", "copies"):
        said.append(Said(f"keys.backup.{found.backup}"))
    if found.keyless:
        said.append(Said("keys.keyless", {"people": found.keyless}))
    if said:
        return Found(False, tuple(said), (), figures)
    return Found(True, (Said("keys.good", {"level": found.level}),), (), figures, timed=True)


def log(facts: Facts, _row: str) -> Found:
    """Nothing in the evidence log was changed, and checkpoints have left this machine."""
    found = facts.log
    figures = (("log-entries", found.size), ("log-waiting", found.waiting))
    said = [Said("log.problem", {"problem": code}) for code in found.problems[:TELL]]
    if not said and found.unreachable:
        said = [Said("log.unreachable", {"count": found.unreachable})]
    elif not said and found.anchors and found.hours is None:
        said = [Said("log.unanchored")]
    elif not said and found.hours is not None and found.hours >= DAY_HOURS and not found.covered:
        said = [Said("log.stale", {"hours": found.hours})]
    if said:
        return Found(False, tuple(said), (), figures)
    good = Said("log.good", {"size": found.size, "root": found.root})
    doubts = [] if found.anchors else [Said("log.no-anchor")]
    return Found(None if doubts else True, (good, *doubts), (), figures, timed=True)


def models(facts: Facts, _row: str) -> Found:
    """No model is past the date by which it is trained and tried again."""
    figures = (("models-overdue", len(facts.models_overdue)),)
    if facts.models_overdue:
        bad: list[Values] = [{"model": key} for key in facts.models_overdue]
        return Found(False, told("models.bad", bad), (), figures)
    return Found(True, (Said("models.good"),), (), figures)
