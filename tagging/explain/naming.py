# SPDX-License-Identifier: Apache-2.0
"""What people call the things that a rule names: columns, types of event, attributes, tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagging.document import Words

_COLUMNS = {
    "event_type": ("kind of event", "事件类型"),
    "item": ("item", "商品"),
    "category": ("category", "品类"),
    "session": ("visit", "访问"),
    "price": ("price", "单价"),
    "quantity": ("quantity", "数量"),
    "amount": ("amount", "金额"),
    "hour": ("hour", "钟点"),
    "day": ("day", "日"),
    "week": ("week", "周"),
    "month": ("month", "月"),
    "weekday": ("weekday", "星期"),
    "brand": ("brand", "品牌"),
    "store": ("store", "门店"),
    "department": ("department", "部门"),
    "channel": ("channel", "渠道"),
    "discount": ("discount", "优惠金额"),
}


@dataclass(frozen=True, slots=True)
class EventWords:
    """How a type of event is spoken of."""

    one: str
    many: str
    done: str
    """What was done to a thing: bought, viewed."""
    zh: str
    counted: str
    """`{q}` of them happened, in Chinese."""


EVENTS = {
    "purchase": EventWords("purchase", "purchases", "bought", "购买", "购买了{q}次"),
    "view": EventWords("view", "views", "viewed", "浏览", "浏览了{q}次"),
    "cart": EventWords(
        "addition to the cart",
        "additions to the cart",
        "put in the cart",
        "加入购物车",
        "加入购物车{q}次",
    ),
    "favourite": EventWords(
        "favourite", "favourites", "marked as favourite", "收藏", "收藏了{q}次"
    ),
    "return": EventWords("return", "returns", "returned", "退货", "退货{q}次"),
    "cancel": EventWords("cancellation", "cancellations", "cancelled", "取消订单", "取消订单{q}次"),
    "adjustment": EventWords("adjustment", "adjustments", "adjusted", "金额调整", "金额调整{q}次"),
    "coupon": EventWords(
        "coupon used", "coupons used", "bought with a coupon", "使用优惠券", "使用优惠券{q}次"
    ),
    "campaign": EventWords(
        "campaign received",
        "campaigns received",
        "in a campaign",
        "收到营销活动",
        "收到营销活动{q}次",
    ),
}
ANY_EVENT = EventWords("event", "events", "recorded", "行为", "有{q}条行为记录")


def event_words(code: str) -> EventWords:
    """Return the words of a type of event, made up from its code when it is none of ours."""
    known = EVENTS.get(code)
    if known is not None:
        return known
    name = code.replace("_", " ")
    return EventWords(
        f"“{name}” event",
        f"“{name}” events",
        f"in “{name}” events",
        f"“{name}”",
        f"“{name}”{{q}}次",
    )


@dataclass(frozen=True, slots=True)
class Naming:
    """Names that the caller knows; where there is none, the key is made readable."""

    attributes: Mapping[str, Words] = field(default_factory=dict)
    tags: Mapping[str, Words] = field(default_factory=dict)
    features: Mapping[str, Words] = field(default_factory=dict)
    columns: Mapping[str, Words] = field(default_factory=dict)

    def column(self, name: str, language: str) -> str:
        """Return the name of an event column."""
        words = self.columns.get(name)
        if words is not None:
            return words.in_(language)
        known = _COLUMNS.get(name)
        return known[language == "zh"] if known else _readable(name)

    def event(self, code: str, language: str) -> str:
        """Return the name of a type of event."""
        words = event_words(code)
        return words.zh if language == "zh" else words.one

    def attribute(self, key: str, language: str) -> str:
        """Return the name of an attribute."""
        words = self.attributes.get(key)
        return words.in_(language) if words else _readable(key)

    def tag(self, key: str, language: str) -> str:
        """Return the name of a tag."""
        words = self.tags.get(key)
        return words.in_(language) if words else key

    def feature(self, key: str, language: str) -> str | None:
        """Return the name of a feature, None when it is not known."""
        words = self.features.get(key)
        return words.in_(language) if words else None


PLAIN = Naming()
"""No names but those that are built in."""


def _readable(key: str) -> str:
    return key.rsplit(".", 1)[-1].replace("_", " ")
