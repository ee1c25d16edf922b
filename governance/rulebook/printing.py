# SPDX-License-Identifier: Apache-2.0
"""Prints the rules of processing: lines, plain data, one HTML page that opens and prints offline."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from audit.clock import iso
from governance.rulebook.making import Part, Rulebook, Tagged
from policies.vocabulary import label
from tagging.finding import Text

WORDS: Final = {
    "title": Text("How we use your data", "我们如何处理您的个人信息"),
    "law": Text("Law", "法律"),
    "as_of": Text("As of", "截至"),
    "purposes": Text("What data are used for", "处理目的"),
    "used": Text("data that are used", "所用数据"),
    "stated": Text("what tags say or reveal about you", "标签所表明的内容"),
    "recipients": Text("who gets it", "接收方"),
    "abroad": Text("abroad", "向境外提供"),
    "kept": Text("kept for", "保存期限"),
    "tags": Text("tags", "标签"),
    "none": Text("No tag serves this purpose.", "没有标签服务于该目的。"),
    "empty": Text("Data are used for no purpose yet.", "尚未登记任何处理目的。"),
    "says": Text("It says", "内容"),
    "logic": Text("How it is decided", "判定方式"),
    "first": Text("the first that holds counts", "以首个符合的为准"),
    "kind": Text("How it comes about", "产生方式"),
    "ground": Text("Ground", "合法性基础"),
    "life": Text("Ends after", "失效期限"),
    "rights": Text("What you can do", "您可以行使的权利"),
}


def as_plain(found: Rulebook) -> dict[str, Any]:
    """Return the rules as plain data, every text in both languages."""
    return {
        "regime": found.regime,
        "as_of": iso(found.at),
        "who": [{"what": what._asdict(), "says": says._asdict()} for what, says in found.who],
        "purposes": [_plain_part(part) for part in found.parts],
        "rights": [right._asdict() for right in found.rights],
        "complain": found.complain._asdict(),
    }


def _plain_part(part: Part) -> dict[str, Any]:
    return {
        "purpose": part.key,
        "name": part.name._asdict(),
        "says": part.says._asdict(),
        "used": [text._asdict() for text in part.used],
        "stated": [text._asdict() for text in part.stated],
        "recipients": [text._asdict() for text in part.recipients],
        "abroad": [text._asdict() for text in part.abroad],
        "kept": part.kept._asdict(),
        "personalised": part.switch is not None,
        "tags": [_plain_tag(tag) for tag in part.tags],
    }


def _plain_tag(tag: Tagged) -> dict[str, Any]:
    return {
        "tag": tag.key,
        "name": tag.name._asdict(),
        "says": tag.says._asdict(),
        "kind": tag.kind._asdict(),
        "logic": [line._asdict() for line in tag.logic],
        "kept": tag.kept._asdict(),
        "ground": tag.ground._asdict(),
        "significant": tag.effect is not None,
    }


def as_lines(found: Rulebook, language: str) -> Iterator[str]:
    """Yield the rules as lines of plain text."""
    zh = language == "zh"
    colon, comma = ("：", "、") if zh else (": ", ", ")

    def say(code: str, text: str) -> str:
        return f"{WORDS[code].in_(language)}{colon}{text}"

    yield WORDS["title"].in_(language)
    yield say("law", label("regime", found.regime, language))
    for what, says in found.who:
        yield f"{what.in_(language)}{colon}{says.in_(language)}"
    if not found.parts:
        yield WORDS["empty"].in_(language)
    for part in found.parts:
        yield ""
        yield f"{part.name.in_(language)}{colon}{part.says.in_(language)}"
        for code, texts in (("used", part.used), ("stated", part.stated)):
            if texts:
                yield "  " + say(code, comma.join(text.in_(language) for text in texts))
        for code, texts in (("recipients", part.recipients), ("abroad", part.abroad)):
            yield "  " + say(code, comma.join(text.in_(language) for text in texts))
        yield "  " + say("kept", part.kept.in_(language))
        if part.switch is not None:
            yield "  " + part.switch.in_(language)
        for tag in part.tags:
            yield from _tag_lines(tag, language, colon)
    yield ""
    yield WORDS["rights"].in_(language)
    yield from (f"- {right.in_(language)}" for right in found.rights)
    yield found.complain.in_(language)


def _tag_lines(tag: Tagged, language: str, colon: str) -> Iterator[str]:
    yield f"  * {tag.name.in_(language)}{colon}{tag.says.in_(language)}"
    head = WORDS["logic"].in_(language)
    if len(tag.logic) > 1:
        first = WORDS["first"].in_(language)
        head += f"（{first}）" if language == "zh" else f" ({first})"
    yield f"    {head}{colon}"
    yield from (f"      {line.in_(language)}" for line in tag.logic)
    for code, text in (("kind", tag.kind), ("ground", tag.ground), ("life", tag.kept)):
        yield f"    {WORDS[code].in_(language)}{colon}{text.in_(language)}"
    if tag.effect is not None:
        yield f"    {tag.effect.in_(language)}"


def as_html(found: Rulebook, language: str) -> str:
    """Return the rules as one page without scripts or anything from elsewhere."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string((files(__package__) / "page.html").read_text("utf-8"))
    words = {code: text.in_(language) for code, text in WORDS.items()}
    return page.render(found=found, language=language, say=words, label=label, as_of=iso(found.at))
