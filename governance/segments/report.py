# SPDX-License-Identifier: Apache-2.0
"""One page about a fit, with pictures, that opens offline: published values only, no scripts."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Final

from governance.segments.fits import Fit, fit_named
from governance.segments.pictures import bars, dendrogram, map_of
from governance.segments.profiles import Profile, amount, profiles
from governance.segments.releasing import Released, named

if TYPE_CHECKING:
    from governance.workspace import Workspace

_WORDS: Final = {
    "title": ("Segments: {name}", "客户分组：{name}"),
    "by": (
        "{count} segments by {method}, made of {release}",
        "共{count}组，方法：{method}，基于{release}",
    ),
    "map": ("Where the segments are", "各组的位置"),
    "map.how": (
        (
            "The middles of the segments, seen along the two directions in which they differ most. The size "
            "of a circle is the number of people, with noise; a dashed one has too few to be shown."
        ),
        "各组中心沿差异最大的两个方向的位置。圆的大小为人数（含噪声）；虚线圆表示人数过少，不予显示。",
    ),
    "tree": ("Which segments are alike", "哪些组相近"),
    "tree.how": (
        "The lower two segments are joined, the less is lost by taking them for one (Ward).",
        "两组连接得越低，合并它们损失的信息越少（Ward法）。",
    ),
    "segment": ("Segment {number}", "第{number}组"),
    "size": ("about {size} people (noise about ±{noise})", "约{size}人（噪声约±{noise}）"),
    "few": ("too few people to show a number", "人数过少，不显示数量"),
    "feature": ("measure", "指标"),
    "typical": ("typical", "典型值"),
    "place": ("by the side of the other segments", "与其他组相比"),
    "promise": ("What is promised, and what is not", "承诺与不承诺的内容"),
    "promise.is": (
        (
            "epsilon {epsilon} at delta {delta}: with or without any one person, everything on this page is "
            "nearly as likely. Sizes are noisy, and so are the middles."
        ),
        "epsilon为{epsilon}，delta为{delta}：无论是否包含任何一个人，本页内容出现的可能性几乎相同。人数与中心均含噪声。",
    ),
    "promise.not": (
        (
            "The segment of a single person is computed from their own record. It is personal data, and "
            "this promise does not cover it."
        ),
        "个人所属的组由其本人的记录计算得出，属于个人信息，不在此承诺范围内。",
    ),
}

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}"
    "svg{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;"
    "text-align:left;vertical-align:middle}.quiet{color:#555}section{break-inside:avoid}"
)


def page(ws: "Workspace", name: str, language: str) -> str:
    """Return the HTML of a fit in a language (en or zh); raises NotFound `unknown-fit`."""
    with ws.store.read() as connection:
        fit = fit_named(connection, name)
        found = named(connection, fit.release)
    body = "\n".join(_body(found, fit, language))
    title = escape(_say("title", language, name=_name(found, language)))
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'\"><title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f"{body}\n</body></html>\n"
    )


def _body(found: Released, fit: Fit, language: str) -> Iterator[str]:
    shown = profiles(found, fit)
    yield f"<h1>{escape(_say('title', language, name=_name(found, language)))}</h1>"
    about = _say(
        "by", language, count=str(fit.count), method=fit.document["method"], release=found.name
    )
    yield f'<p class="quiet">{escape(about)}</p>'
    for code, picture in (("map", map_of(fit)), ("tree", dendrogram(fit))):
        yield f"<section><h2>{_say(code, language)}</h2><p>{_say(f'{code}.how', language)}</p>"
        yield f"{picture}</section>"
    for one in shown:
        yield from _segment(one, fit.document["size_noise"][one.number - 1], language)
    said = found.statement
    yield f"<section><h2>{_say('promise', language)}</h2>"
    promise = _say("promise.is", language, epsilon=said["epsilon"], delta=said["delta"])
    yield f"<p>{escape(promise)}</p><p>{_say('promise.not', language)}</p></section>"


def _segment(one: Profile, noise: int, language: str) -> Iterator[str]:
    size = (
        _say("few", language)
        if one.size is None
        else _say("size", language, size=f"{one.size:,}", noise=str(noise))
    )
    yield f"<section><h2>{_say('segment', language, number=str(one.number))}</h2>"
    yield f"<p>{escape(one.words(language))}<br><span class=quiet>{escape(size)}</span></p><table>"
    heads = "".join(f"<th>{_say(code, language)}</th>" for code in ("feature", "typical", "place"))
    yield f"<tr>{heads}</tr>"
    for name, value, bar in zip(one.names, one.values, bars(one.places), strict=True):
        text = escape(name["zh" if language == "zh" else "en"])
        yield f"<tr><td>{text}</td><td>{amount(value)}</td><td>{bar}</td></tr>"
    yield "</table></section>"


def _name(found: Released, language: str) -> str:
    names = found.document["segmentation"]["name"]
    return str(names["zh" if language == "zh" else "en"])


def _say(code: str, language: str, **values: str) -> str:
    return _WORDS[code][language == "zh"].format(**values)
