# SPDX-License-Identifier: Apache-2.0
"""The words of the reports about requests, in both languages."""

from collections.abc import Mapping
from typing import Final

from policies.notices import notices
from policies.rights import rights
from tagging.finding import Text

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
    "recipient": Text("somebody outside", "等待外部接收方"),
    "letter": Text("a letter to be given", "需发出通知"),
}
WHO: Final[Mapping[str, Text]] = {
    "person": Text("the person", "本人"),
    "clerk": Text("dsr or dpo", "请求处理员或负责人"),
    "officer": Text("dpo", "个人信息保护负责人"),
    "second": Text("a dpo who did not submit it", "未提交该请求的负责人"),
    "outside": Text("the recipient", "接收方"),
    "time": Text("nobody: time", "无需操作，等待时间"),
}
THEN: Final[Mapping[str, Text]] = {
    "breach": Text("after that it is a breach of {}", "逾期即违反 {}"),
    "expires": Text("after that it expires, and the person must be told", "逾期终止，并须通知本人"),
    "goes-on": Text("after that it goes on; its clock never stood", "届时继续办理，期限并未中止"),
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
    "then": Text("then", "逾期后果"),
    "type": Text("type", "命令"),
    "regime": Text("law", "法律"),
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


def word(table: Mapping[str, Text], code: str, language: str) -> str:
    """Return the words for a code, or the code."""
    return table[code].in_(language) if code in table else code


def kind_in(kind: str, language: str) -> str:
    """Return the name of a kind of request."""
    return rights().kinds[kind].name.in_(language)


def detail_in(what: str, detail: str, language: str) -> str:
    """Return the words for what a task is about: a letter, the ground of a hold, a code."""
    if what == "letter":
        return next(
            (one.title.in_(language) for name, one in notices().notices.items() if name == detail),
            detail,
        )
    held = rights().holds.get(detail) if what == "hold" else None
    return held.in_(language) if held else detail
