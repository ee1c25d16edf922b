# SPDX-License-Identifier: Apache-2.0
"""One page about a fit, with pictures, that opens offline: published values only, no scripts."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Final

from audit.clock import iso
from audit.html import whole
from governance.purpose import purposes
from governance.segments.fits import Fit, fit_named
from governance.segments.pictures import bar, colour, dendrogram, map_of
from governance.segments.profiles import Profile, profiles
from governance.segments.releasing import Released, named

if TYPE_CHECKING:
    from governance.workspace import Workspace

_WORDS: Final = {
    "title": ("Segments: {name}", "客户分组：{name}"),
    "by": (
        "{count} segments by {method}, for {purpose}; what people did until {day} (UTC). {release}",
        "共{count}组，方法：{method}，用途：{purpose}；行为截至{day}（UTC）。{release}",
    ),
    "kmeans": ("K-Means", "K-Means聚类"),
    "hierarchical": ("Ward's hierarchy", "Ward层次聚类"),
    "dbscan": ("DBSCAN", "DBSCAN密度聚类"),
    "gmm": ("a Gaussian mixture", "高斯混合模型"),
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
    "unknown": ("how many people was not published", "未公布人数"),
    "feature": ("measure", "指标"),
    "typical": ("typical", "典型值"),
    "place": ("lower ◂ ▸ higher", "较低 ◂ ▸ 较高"),
    "bar": ("{by} of the spread of the segments", "相当于各组差异的{by}"),
    "promise": ("What is promised, and what is not", "承诺与不承诺的内容"),
    "promise.is": (
        (
            "epsilon {epsilon} at delta {delta}: with or without any one person, everything on this page is "
            "nearly as likely. Sizes are noisy, and so are the middles. Noise: {noise}."
        ),
        "epsilon为{epsilon}，delta为{delta}：无论是否包含任何一个人，本页内容出现的可能性几乎相同。人数与中心均含噪声（噪声：{noise}）。",
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
    "body{font:16px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.2rem;margin:0 0 .4rem}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:1.6rem 2.4rem;"
    "margin-top:1.6rem}.last{margin-top:2rem;max-width:48rem}section{break-inside:avoid;min-width:0}p{margin:.2rem 0 .6rem}"
    "svg{max-width:100%;height:auto;display:block}table{border-collapse:collapse;width:100%}"
    "th{font-size:.85rem;color:#555;font-weight:normal}td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "border-bottom:1px solid #eee}.number{text-align:right;font-variant-numeric:tabular-nums}"
    "td:last-child,th:last-child{padding-right:0;width:10rem;white-space:nowrap}"
    ".quiet{color:#555}b{display:inline-block;min-width:1.6rem;border-radius:1rem;text-align:center;"
    "border:2px solid;margin-right:.5rem;line-height:1.6rem}"
    "@media(max-width:30rem){td:last-child,th:last-child{width:6.5rem}}"
    "@media print{body{margin:0;font-size:10pt}.grid{grid-template-columns:1fr 1fr;gap:1rem 2rem}"
    "td:last-child,th:last-child{width:6.5rem}svg *,b{print-color-adjust:exact}}"
)


def page(ws: "Workspace", name: str, language: str) -> str:
    """Return the HTML of a fit in a language (en or zh); raises NotFound `unknown-fit`."""
    with ws.store.read() as connection:
        fit = fit_named(connection, name)
        found = named(connection, fit.release)
        purpose = purposes(connection).get(str(found.statement["purpose"]))
    served = purpose.name.in_(language) if purpose else str(found.statement["purpose"])
    body = "\n".join(_body(found, fit, served, language))
    title = _say("title", language, name=_name(found, language))
    return whole(title, _STYLE, body, language)


def _body(found: Released, fit: Fit, served: str, language: str) -> Iterator[str]:
    shown = profiles(found, fit)
    about = _say(
        "by",
        language,
        count=str(fit.count),
        method=_say(fit.document["method"], language),
        release=found.name,
        purpose=served,
        day=iso(found.document["as_of"])[:10],
    )
    yield f'<p class="quiet">{escape(about)}</p><div class="grid">'
    for code, draw in (("map", map_of), ("tree", dendrogram)):
        how = _say(f"{code}.how", language)
        yield f"<section><h2>{_say(code, language)}</h2>{draw(fit, how)}<p>{how}</p></section>"
    for one in shown:
        yield from _segment(one, fit.document["size_noise"][one.number - 1], language)
    said = found.statement
    yield f"</div><section class=last><h2>{_say('promise', language)}</h2>"
    promise = _say("promise.is", language, **{k: said[k] for k in ("epsilon", "delta", "noise")})
    yield f"<p>{escape(promise)}</p><p>{_say('promise.not', language)}</p></section>"


def _segment(one: Profile, noise: int, language: str) -> Iterator[str]:
    size = _say("few" if noise else "unknown", language)
    if one.size is not None:
        size = _say("size", language, size=f"{one.size:,}", noise=str(noise))
    title = _say("segment", language, number=str(one.number))
    chip = f'<b style="border-color:{colour(one.number - 1)}">{one.number}</b>'
    yield f"<section><h2>{chip}{title}</h2>"
    yield f"<p>{escape(one.words(language))}<br><span class=quiet>{escape(size)}</span></p><table>"
    yield (
        f'<tr><th>{_say("feature", language)}</th><th class="number">{_say("typical", language)}</th>'
        f"<th>{_say('place', language)}</th></tr>"
    )
    for n, (name, place) in enumerate(zip(one.names, one.places, strict=True)):
        text = escape(name["zh" if language == "zh" else "en"])
        drawn = bar(place, _say("bar", language, by=f"{place:+.0%}"))
        yield f'<tr><td>{text}</td><td class="number">{one.told(n)}</td><td>{drawn}</td></tr>'
    yield "</table></section>"


def _name(found: Released, language: str) -> str:
    names = found.document["segmentation"]["name"]
    return str(names["zh" if language == "zh" else "en"])


def _say(code: str, language: str, **values: str) -> str:
    return _WORDS[code][language == "zh"].format(**values)
