# SPDX-License-Identifier: Apache-2.0
"""A run as a newcomer reads it: names, people, a bar for each tag, and who was kept out and why."""

from collections.abc import Iterator

from governance.catalogue import active
from governance.running.report import RunReport, TagCount
from governance.workspace import Workspace
from policies.vocabulary import label

BAR = 24


def run_lines(ws: Workspace, report: RunReport, language: str) -> Iterator[str]:
    """Yield the lines of a run: one per tag, then the reasons for which people were kept out."""
    with ws.store.read() as connection:
        names = {key: tag.tag.name.in_(language) for key, tag in active(connection).items()}
    heads = ("tagged / permitted", "") if language != "zh" else ("已打标 / 可打标", "")
    yield f"{'':<44} {heads[0]}"
    for tag in sorted(report.tags, key=lambda item: item.key):
        yield f"{_padded(names[tag.key], 44)} {tag.tagged:>6,} / {tag.permitted:<6,} {_bar(tag)}"
    reasons: dict[str, int] = {}
    for tag in report.tags:
        for reason, count in tag.refused.items():
            reasons[reason] = max(reasons.get(reason, 0), count)
    yield ""
    yield (
        "Kept out by the gate, at most, for one tag:"
        if language != "zh"
        else "被闸口挡下的人（单个标签的最大人数）："
    )
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        yield f"  {count:>6,}  {label('reason', reason, language)}"


def _bar(tag: TagCount) -> str:
    share = tag.tagged / tag.permitted if tag.permitted else 0
    return "█" * round(share * BAR) + "·" * (BAR - round(share * BAR))


def _padded(text: str, width: int) -> str:
    """Return a text padded to a width on the screen, where a Chinese character takes two cells."""
    wide = sum(1 for character in text if ord(character) > 0x2E80)
    return text + " " * max(0, width - len(text) - wide)
