# SPDX-License-Identifier: Apache-2.0
"""Finds terms of a list in text: English by words, Chinese by substrings, exceptions as data.

- English: whole words only, in any case; plural and -ing forms count as the word. Everything that is
  no letter separates words; accents and full-width forms do not matter.
- Chinese: the substring; traditional characters count as the simplified ones.
- A phrase under `except` that overlaps a term of its entry takes the term away ("credit union"),
  unless the term is the longer one around it.
- A term inside a longer term of any entry is not reported ("child" in "parent of a child").

So text that is added takes a finding away only by completing such a phrase or such a longer term.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import Field

from audit.errors import Problems
from policies.document import Document, Path_, Strict
from policies.rules import Provenance, Texts, Why

_WORD: Final = re.compile(r"[a-z]+|[0-9]+")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_POSSESSIVE: Final = re.compile(r"['\u2019]s\b")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PAIRS: Final = (
    "婦妇 媽妈 嬰婴 兒儿 產产 懷怀 準准 醫医 藥药 療疗 癥症 診诊 殘残 聾聋 輪轮 視视 聽听 壓压 憂忧 鬱郁 "
    "慮虑 賭赌 詐诈 騙骗 槍枪 彈弹 藝艺 雙双 戀恋 別别 變变 黨党 團团 選选 舉举 遺遗 傳传 紋纹 臉脸 識识 "
    "蹤踪 軌轨 跡迹 銀银 帳账 號号 貸贷 還还 徵征 護护 證证 國国 難难 離离 單单 齡龄 歲岁 齋斋 聖圣 經经 "
    "禱祷 禮礼 貓猫 腫肿 愛爱 過过 腦脑 電电 親亲 長长 級级 學学 後后 養养 髮发 輔辅 種种 會会 員员 職职 "
    "業业 務务 門门 買买 賣卖 價价 購购 慾欲 娛娱 樂乐 煙烟 氣气 體体 檢检 條条 記记 錄录 報报 為为 動动 "
    "滿满 齒齿 頸颈 關关 節节 濕湿 顧顾 發发 "
)
_SIMPLIFIED: Final = str.maketrans(_PAIRS[0::3], _PAIRS[1::3])


class Entry(Strict):
    """Terms that mean the same, and the phrases in which they do not mean it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    en: Texts = ()
    zh: Texts = ()
    excepted: Annotated[Texts, Field(alias="except")] = ()
    provenance: Provenance
    why: Why | None = None


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Match(Generic[E]):
    """A term that stands in a text."""

    entry: E
    term: str
    language: str


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    entry: int
    term: str
    """Empty: a phrase that takes terms of its entry away."""

    def holds(self, other: "_Span") -> bool:
        inside = self.start <= other.start and other.end <= self.end
        return inside and self.end - self.start > other.end - other.start

    def takes(self, other: "_Span") -> bool:
        touch = self.start < other.end and other.start < self.end
        return touch and self.entry == other.entry and not other.holds(self)


class Lexicon(Generic[E]):
    """Entries, ready to be looked up."""

    def __init__(self, entries: Iterable[E]) -> None:
        self.entries = tuple(entries)
        self._words: dict[str, Any] = {}
        self._signs: dict[str, Any] = {}
        for number, entry in enumerate(self.entries):
            for term in (*entry.en, *entry.zh):
                self._add(term, (number, term))
            for phrase in entry.excepted:
                self._add(phrase, (number, ""))

    def matches(self, text: str, *, key: bool = False) -> list[Match[E]]:
        """Return the terms in a text, each once. In a `key`, humps separate words as well."""
        spans = list(self._spans(normal(text, key=key)))
        phrases = [span for span in spans if not span.term]
        left = [
            span
            for span in spans
            if span.term and not any(phrase.takes(span) for phrase in phrases)
        ]
        whole = [span for span in left if not any(longer.holds(span) for longer in left)]
        return [
            Match(self.entries[number], term, language(term))
            for number, term in dict.fromkeys((span.entry, span.term) for span in whole)
        ]

    def _add(self, phrase: str, leaf: tuple[int, str]) -> None:
        text = normal(phrase)
        chinese = language(text) == "zh"
        here = self._signs if chinese else self._words
        for part in text if chinese else _WORD.findall(text):
            here = here.setdefault(part, {})
        here.setdefault("", []).append(leaf)

    def _spans(self, text: str) -> Iterator[_Span]:
        words = [(bases(word[0]), word.start(), word.end()) for word in _WORD.finditer(text)]
        for first, (_, start, _end) in enumerate(words):
            states = [self._words]
            for forms, _, end in words[first:]:
                states = [state[form] for state in states for form in forms if form in state]
                if not states:
                    break
                for state in states:
                    yield from (_Span(start, end, *leaf) for leaf in state.get("", ()))
        for start, sign in enumerate(text):
            here, end = self._signs.get(sign), start + 1
            while here is not None:
                yield from (_Span(start, end, *leaf) for leaf in here.get("", ()))
                here = here.get(text[end]) if end < len(text) else None
                end += 1


def language(text: str) -> str:
    """Return zh for text with a Chinese character in it, else en."""
    return "zh" if _HAN.search(text) else "en"


def readable(text: str) -> bool:
    """Return whether there is anything in a text that this module can read."""
    plain = normal(text)
    return bool(_HAN.search(plain) or re.search(r"[a-z]{2}", plain))


def normal(text: str, *, key: bool = False) -> str:
    """Return text as it is compared: one case, no accents, simplified characters, no 's."""
    if key:
        text = _HUMP.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
        text = "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf"))
        text = text.translate(_SIMPLIFIED)
    return _POSSESSIVE.sub("", text.casefold())


@lru_cache(maxsize=8192)
def bases(word: str) -> tuple[str, ...]:
    """Return the words of which this one may be a form: itself, singular, without -ing."""
    found = [word]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        found.append(word[:-1])
        if word.endswith("es"):
            found.append(word[:-2])
        if word.endswith("ies"):
            found.append(word[:-3] + "y")
    if len(word) > 5 and word.endswith("ing"):
        stem = word[:-3]
        found += [stem, stem + "e"]
        if stem[-1] == stem[-2]:
            found.append(stem[:-1])
    return tuple(found)


def check_entries(
    entries: Iterable[Entry], document: Document, problems: Problems, *, part: str = "entries"
) -> None:
    """Note every entry that cannot be meant: no term, a term nobody can find, a useless exception."""
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        path: Path_ = (part, number)
        line, column = document.place(path)
        for complaint in _complaints(entry, seen):
            problems.add("bad-term", f"{entry.id}: {complaint}", line=line, column=column)
        seen.add(entry.id)


def _complaints(entry: Entry, seen: set[str]) -> Iterator[str]:
    if entry.id in seen:
        yield "an id stands for one entry only"
    terms = (*entry.en, *entry.zh)
    if not terms:
        yield "there is no term in it"
    for term in entry.en:
        if language(term) == "zh" or not _WORD.search(normal(term)):
            yield f'"{term}" is not an English term'
    for term in entry.zh:
        if language(term) != "zh" or len(normal(term)) < 2:
            yield f'"{term}" is not a Chinese term of two characters or more'
    for term in {t for t in terms if terms.count(t) > 1}:
        yield f'"{term}" stands there twice'
    parts = {part for term in terms for part in _parts(term)}
    for phrase in entry.excepted:
        if parts.isdisjoint(_parts(phrase)):
            yield f'the exception "{phrase}" touches none of the terms'


def _parts(phrase: str) -> set[str]:
    text = normal(phrase)
    if language(text) == "zh":
        return set(text)
    return {form for word in _WORD.findall(text) for form in bases(word)}
