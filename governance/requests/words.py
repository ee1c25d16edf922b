# SPDX-License-Identifier: Apache-2.0
"""The words of the reports about requests, in both languages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from policies.notices import notices
from policies.rights import rights
from policies.rules import Why
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.requests.row import Outside

WHAT: Final[Mapping[str, Text]] = {
    "question": Text("proof of who asks must be asked for", "需发起身份核验"),
    "proof": Text("proof of who asks", "等待身份证明"),
    "mandate": Text("the mandate of whoever asks for the person", "等待授权证明"),
    "nobody": Text("nobody of that name is known here", "此处无该人记录"),
    "hold": Text("on hold", "已搁置"),
    "work": Text("to be examined and submitted", "需审查并提交"),
    "decision": Text("a decision", "等待决定"),
    "execution": Text("to be carried out", "需执行"),
    "erasure": Text("the erasure goes on by itself", "删除程序自动进行"),
    "outside": Text("somebody outside", "等待外部答复"),
    "letter": Text("a letter to be given", "需发出通知"),
}
WHO: Final[Mapping[str, Text]] = {
    "person": Text("the person", "本人"),
    "clerk": Text("dsr or dpo", "请求处理员或负责人"),
    "officer": Text("dpo", "个人信息保护负责人"),
    "second": Text("a dpo who did not submit it", "未提交该请求的负责人"),
    "outside": Text("somebody outside", "外部相关方"),
    "time": Text("nobody: time", "无需操作，等待时间"),
}
THEN: Final[Mapping[str, Text]] = {
    "breach": Text("after that it is a breach of {0}", "逾期即违反 {0}"),
    "expires": Text("after that it expires, and the person must be told", "逾期终止，并须通知本人"),
    "goes-on": Text(
        "after that it goes on; its clock never stood: the last day is {1}",
        "届时继续办理；期限并未中止，最后期限为 {1}",
    ),
    "asks-again": Text(
        "after that, ask again or go on without it; its clock never stood: the last day is {1}",
        "届时再次催问，或不再等待；期限并未中止，最后期限为 {1}",
    ),
}
EXTENSION: Final = Text("an extension to {} is possible", "可延期至 {}")
COLUMNS: Final[Mapping[str, Text]] = {
    "request": Text("request", "请求"),
    "kind": Text("kind", "类型"),
    "waits": Text("waits for", "等待"),
    "since": Text("since", "自"),
    "who": Text("who must act", "应由谁处理"),
    "by": Text("by", "期限"),
    "left": Text("days left", "剩余天数"),
    "law": Text("law", "法律"),
    "target": Text("about", "对象"),
    "requester": Text("asked by", "提出人"),
    "channel": Text("came by", "渠道"),
    "received": Text("received", "收到"),
    "due": Text("due", "期限"),
    "extended": Text("extended", "延期"),
    "acknowledged": Text("confirmed", "确认收到"),
    "ended": Text("ended", "办结"),
    "told": Text("told", "告知"),
    "outcome": Text("state", "状态"),
    "ground": Text("ground", "理由"),
    "kept": Text("in time", "是否按期"),
    "missed": Text("missed", "逾期事项"),
}
KEPT: Final[Mapping[str, Text]] = {
    "yes": Text("yes", "是"),
    "no": Text("no", "否"),
    "open": Text("open", "未结"),
}
MISSED: Final[Mapping[str, Text]] = {
    "acknowledgement": Text("the confirmation of receipt", "收到确认"),
    "extension": Text("the notice of the extension", "延期通知"),
    "answer": Text("the answer", "答复"),
}
PAGE: Final[Mapping[str, Text]] = {
    "title": Text("Register of requests", "个人请求登记簿"),
    "note": Text(
        "Requests by their numbers. Nobody is named. An answer counts from the day on which it was told.",
        "按编号列出请求，不含姓名。答复以告知之日为准。",
    ),
    "made": Text("As of", "截至"),
    "empty": Text("No request came in in these days.", "该期间未收到请求。"),
}


def word(table: Mapping[str, Text], code: str, language: str) -> str:
    """Return the words for a code, or the code."""
    return table[code].in_(language) if code in table else code


def kind_in(kind: str, language: str) -> str:
    """Return the name of a kind of request."""
    return rights().kinds[kind].name.in_(language)


def detail_in(what: str, detail: str, language: str) -> str:
    """Return the words for what a task is about: a letter, the ground of a hold, whom it waits for."""
    if what == "letter":
        return next(
            (one.title.in_(language) for name, one in notices().notices.items() if name == detail),
            detail,
        )
    if what == "outside":
        whom, _, awaited = detail.partition(":")
        return outside_in(whom, awaited, language)
    held = rights().holds.get(detail) if what == "hold" else None
    return held.in_(language) if held else detail


def outside_in(whom: str, what: str, language: str) -> str:
    """Return the words for whom outside a request waits, and for what of theirs."""
    known = rights()
    colon = "：" if language == "zh" else ": "
    return f"{known.outside[whom].in_(language)}{colon}{known.awaited[what].in_(language)}"


def waits_in(outside: "Outside", language: str) -> str:
    """Return the words for whom a request waits, for what, since and until when."""
    said = Text("waits for {}, since {}, until {}", "等待{}，自 {} 起至 {}").in_(language)
    whom = outside_in(outside.whom, outside.what, language)
    return said.format(whom, outside.since, outside.until)


def state_in(of: Literal["states", "by"], code: str, language: str) -> str:
    """Return the words for a state, or for whoever asks."""
    words: Mapping[str, Why] = rights().words.states if of == "states" else _by()
    return words[code].in_(language)


def ground_in(code: str, language: str) -> str:
    """Return the words for the ground of a refusal, or its code."""
    found = rights().refusals.get(code)
    return found.text.in_(language) if found else code


def _by() -> Mapping[str, Why]:
    return {str(name): said for name, said in rights().words.by.items()}
