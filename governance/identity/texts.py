# SPDX-License-Identifier: Apache-2.0
"""The words of messages to people, in English and Chinese. No name, no data: whoever reads over a
shoulder learns only that a request was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.rights import rights

_SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "proof": {"en": "{shop}: is this request yours?", "zh": "{shop}：请确认是否为您本人的请求"},
    "cancel": {"en": "{shop}: your data will be deleted", "zh": "{shop}：您的数据即将被删除"},
}
_BODIES: Final[Mapping[str, Mapping[str, str]]] = {
    "proof": {
        "en": "{shop} received a request in your name: {what} (number {ref}).\n\n"
        "If it is yours, confirm it within {minutes} minutes with this code: {code}\n{link}\n"
        "If it is not yours, do nothing, and give the code to nobody: without it nothing happens.\n",
        "zh": "{shop} 收到以您的名义提出的请求：{what}（编号 {ref}）。\n\n"
        "如果是您本人提出，请在 {minutes} 分钟内使用此验证码确认：{code}\n{link}\n"
        "如果不是您本人提出，请勿操作，也不要将验证码告诉任何人；没有验证码，该请求不会被执行。\n",
    },
    "agent": {
        "en": "Somebody who says that they act for you asked {shop}: {what} (number {ref}).\n\n"
        "If you have authorised them, confirm it within {minutes} minutes with this code: {code}\n"
        "{link}\n"
        "If you have not, do nothing, and give the code to nobody: without it nothing happens.\n",
        "zh": "有人自称受您委托，向 {shop} 提出请求：{what}（编号 {ref}）。\n\n"
        "如果您已授权，请在 {minutes} 分钟内使用此验证码确认：{code}\n{link}\n"
        "如果您未授权，请勿操作，也不要将验证码告诉任何人；没有验证码，该请求不会被执行。\n",
    },
    "cancel": {
        "en": "{shop} will carry out a request in your name: {what} (number {ref}).\n\n"
        "If it is yours, you need do nothing.\n"
        "If it is not yours, stop it before {until} with this code:\n{token}\n{link}",
        "zh": "{shop} 将执行以您的名义提出的请求：{what}（编号 {ref}）。\n\n"
        "如果是您本人提出，无需操作。\n"
        "如果不是您本人提出，请在 {until} 之前使用此代码取消：\n{token}\n{link}",
    },
}
_LINK: Final = {"en": "Or open: {link}\n", "zh": "或打开链接：{link}\n"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says besides its fixed words."""

    shop: str
    kind: str
    """Kind of the request (policies.rights)."""
    ref: str
    code: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    minutes: int = 0
    until: str = ""


def words(purpose: str, requester: str, language: str, said: Said) -> tuple[str, str]:
    """Return subject and text of a message; the subject never carries a secret."""
    body = "agent" if purpose == "proof" and requester != "self" else purpose
    link = _LINK[language].format(link=said.link) if said.link else ""
    what = getattr(rights().kinds[said.kind].name, language)
    text = _BODIES[body][language].format(
        shop=said.shop,
        what=what,
        ref=said.ref,
        code=said.code,
        token=said.token,
        link=link,
        minutes=said.minutes,
        until=said.until,
    )
    return _SUBJECTS[purpose][language].format(shop=said.shop), text
