# SPDX-License-Identifier: Apache-2.0
"""Makes the rules of processing of a workspace under one law from purposes, tags in use and settings."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from audit.clock import Micros
from governance.access.words import COMPLAIN, RIGHTS
from governance.assessment import Assessments, valid
from governance.catalogue import Active, active, names
from governance.law import law_over
from governance.purpose import Purpose
from governance.record.facts import Facts, gather
from governance.record.fields import span
from governance.record.shared import abroad_lines, recipient_lines
from governance.requirement import requirement
from policies.law import Law
from policies.packs import pack_of
from policies.vocabulary import label
from tagging.document import Tag
from tagging.explain.logic import logic
from tagging.explain.naming import Naming
from tagging.explain.wording import DERIVATIONS, source_words
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.workspace import Workspace

_OFF: Final = Text(
    "It is personalised: you can switch it off, object, and have tags deleted.",
    "属于个性化处理：您可以关闭、反对或要求删除标签。",
)
_SIGNIFICANT: Final = Text(
    "Decisions with legal or similarly significant effect may rest on it: you may ask for a person to "
    "decide, and contest the decision.",
    "可能据此作出具有法律效力或类似重大影响的决定：您可要求人工处理并提出异议。",
)
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_NOT_STATED: Final = Text("not stated", "未填写")
_SHOP: Final = (
    ("controller.name", Text("Who is responsible", "个人信息处理者")),
    ("controller.contact", Text("How to reach them", "联系方式")),
    ("controller.dpo", Text("Data protection officer", "个人信息保护负责人")),
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """One tag: what it says, how it comes about, and whether the law lets it be used."""

    key: str
    name: Text
    says: Text
    kind: Text
    logic: tuple[Text, ...]
    """The rule in words; where there are several lines the first that holds counts."""
    kept: Text
    ground: Text
    effect: Text | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One purpose."""

    key: str
    name: Text
    says: Text
    used: tuple[Text, ...]
    """Categories of data that are read."""
    stated: tuple[Text, ...]
    """Categories of data that tags state or reveal."""
    recipients: tuple[Text, ...]
    abroad: tuple[Text, ...]
    kept: Text
    switch: Text | None
    tags: tuple[Tagged, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of processing under one law at one instant."""

    regime: str
    shop: str
    at: Micros
    who: tuple[tuple[Text, Text], ...]
    parts: tuple[Part, ...]
    rights: tuple[Text, ...]
    complain: Text


def rulebook_of(ws: "Workspace", regime: str) -> Rulebook:
    """Return the rules of processing under a law; raises NotFound `unknown-regime`."""
    pack_of(regime)
    with ws.store.read() as connection:
        maker = _Maker.read(ws, connection, regime)
    facts = maker.facts
    return Rulebook(
        regime,
        facts.setting("workspace.name"),
        ws.clock.now(),
        tuple((title, _stated(facts.setting(key))) for key, title in _SHOP),
        tuple(maker.part(purpose) for _, purpose in sorted(facts.purposes.items())),
        RIGHTS[regime],
        COMPLAIN[regime],
    )


def _stated(value: str) -> Text:
    value = " ".join(value.split())
    return Text(value, value) if value else _NOT_STATED


@dataclass(frozen=True, slots=True)
class _Maker:
    facts: Facts
    tags: dict[str, Active]
    naming: Naming
    law: Law
    assessed: Assessments

    @classmethod
    def read(cls, ws: "Workspace", connection: Connection, regime: str) -> "_Maker":
        return cls(
            gather(ws, connection, regime),
            active(connection),
            names(connection),
            law_over(connection),
            valid(connection, ws.clock.now()),
        )

    def part(self, purpose: Purpose) -> Part:
        """Return what is done for one purpose."""
        tags = self.facts.of(purpose)
        return Part(
            purpose.key,
            Text(purpose.name.en, purpose.name.zh),
            Text(purpose.says.en, purpose.says.zh),
            tuple(_categories(source for tag in tags for source in tag.sources)),
            tuple(_categories(category for tag in tags for category in tag.asserts)),
            tuple(line.says for line in recipient_lines(self.facts.recipients(purpose))),
            tuple(line.says for line in abroad_lines(self.facts, purpose)),
            span(purpose.retention),
            _OFF if purpose.personalised else None,
            tuple(self.tagged(tag, purpose) for tag in tags),
        )

    def tagged(self, tag: Tag, purpose: Purpose) -> Tagged:
        """Return how one tag comes about, and on which ground it serves a purpose."""
        root = self.tags[tag.key].root
        lines = zip(
            logic(tag, root, "en", self.naming), logic(tag, root, "zh", self.naming), strict=True
        )
        return Tagged(
            tag.key,
            Text(tag.name.en, tag.name.zh),
            Text(_open(tag.says.en), _open(tag.says.zh)),
            Text(*DERIVATIONS[tag.derivation]),
            tuple(Text(en, zh) for en, zh in lines),
            span(tag.ttl),
            self._ground(tag, purpose),
            None if tag.effect == "none" else _SIGNIFICANT,
        )

    def _ground(self, tag: Tag, purpose: Purpose) -> Text:
        """Return the ground for adults, the consent that is asked for, or why it is not used."""
        people = (self.facts.regime, "18+")
        what = requirement(tag, purpose.key, purpose, people, self.law, assessments=self.assessed)
        if what.reason is not None:
            reason = str(what.reason)
            en, zh = (label("reason", reason, language) for language in ("en", "zh"))
            return Text(f"not used for this: {en}", f"不用于此目的：{zh}")
        basis = Text(label("basis", what.basis), label("basis", what.basis, "zh"))
        if not what.kinds:
            return basis
        kinds = sorted(what.kinds)
        en = " or ".join(label("consent", kind) for kind in kinds)
        zh = "或".join(label("consent", kind, "zh") for kind in kinds)
        return Text(f"{basis.en}; only with your consent ({en})", f"{basis.zh}；须经您同意（{zh}）")


def _categories(keys: Iterable[str]) -> Iterator[Text]:
    found = {
        Text(source_words(key, {}, "en"), source_words(key, {}, "zh")): None for key in sorted(keys)
    }
    yield from found


def _open(says: str) -> str:
    """Return the sentence of a tag about nobody: places that a person would fill are left open."""
    return _PLACE.sub("…", says)
