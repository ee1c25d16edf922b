# SPDX-License-Identifier: Apache-2.0
"""The names that shops give to columns and values, in English and Chinese: what a proposal goes by.

A list of words, nothing else. A name is compared without case, spaces and signs.
"""

import re
from collections.abc import Mapping

ROLES: Mapping[str, tuple[str, ...]] = {
    "subject": (
        *("customerid", "custid", "memberid", "clientid", "householdid", "buyerid", "visitorid"),
        *("accountid", "uid", "userid", "shopperid", "subjectid", "customerno", "memberno"),
        *(
            "customernumber",
            "customer",
            "member",
            "household",
            "buyer",
            "client",
            "shopper",
            "user",
        ),
        *(
            "用户id",
            "用户编号",
            "用户标识",
            "客户id",
            "客户编号",
            "客户号",
            "会员id",
            "会员编号",
            "会员号",
        ),
        *("会员卡号", "买家id", "买家", "顾客id", "顾客编号", "客户", "用户", "会员", "顾客"),
    ),
    "time": (
        *(
            "eventtime",
            "transactiontimestamp",
            "timestamp",
            "datetime",
            "eventdatetime",
            "ordertime",
        ),
        *(
            "invoicedate",
            "orderdate",
            "purchasedate",
            "purchasetime",
            "transactiondate",
            "createdat",
        ),
        *("occurredat", "redemptiondate", "consenttime", "consentdate", "recordedat", "time", "ts"),
        *(
            "date",
            "at",
            "下单时间",
            "交易时间",
            "购买时间",
            "订单时间",
            "付款时间",
            "支付时间",
            "行为时间",
        ),
        *("创建时间", "发生时间", "同意时间", "时间戳", "时间", "下单日期", "订单日期", "交易日期"),
        *("购买日期", "日期"),
    ),
    "clock": ("timeofday", "clocktime", "hourminute", "时刻"),
    "type": (
        *("eventtype", "behaviortype", "behaviourtype", "actiontype", "behavior", "behaviour"),
        *("eventname", "action", "event", "type", "行为类型", "事件类型", "行为", "事件", "类型"),
    ),
    "item": (
        *(
            "productid",
            "itemid",
            "sku",
            "skuid",
            "stockcode",
            "goodsid",
            "articleid",
            "productcode",
        ),
        *("itemcode", "upc", "couponupc", "product", "item", "商品id", "商品编号", "商品编码"),
        *("商品代码", "货号", "商品"),
    ),
    "category": (
        *("productcategory", "categorycode", "categoryid", "itemcategory", "category", "商品类目"),
        *("商品类别", "类目id", "类目", "品类", "类别", "分类"),
    ),
    "session": (
        *("orderid", "orderno", "ordernumber", "invoiceno", "invoice", "basketid", "sessionid"),
        *("usersession", "transactionid", "receiptno", "receipt", "订单号", "订单编号", "订单id"),
        *("小票号", "会话id", "交易号"),
    ),
    "quantity": ("quantity", "qty", "units", "pieces", "数量", "件数", "购买数量", "销量"),
    "price": ("unitprice", "price", "itemprice", "单价", "价格", "售价", "商品价格"),
    "amount": (
        *("amount", "salesvalue", "linetotal", "totalprice", "totalamount", "total", "revenue"),
        *(
            "sales",
            "paidamount",
            "实付金额",
            "成交金额",
            "支付金额",
            "金额",
            "总价",
            "总额",
            "销售额",
            "实付",
        ),
    ),
    "event_id": ("eventid", "messageid", "eventuuid", "uuid", "事件id"),
    "purpose": ("purpose", "purposekey", "consentpurpose", "处理目的", "目的"),
    "state": (
        "consentstate",
        "consentstatus",
        "consent",
        "state",
        "status",
        "同意状态",
        "状态",
        "同意",
    ),
}

EXTRAS = ("brand", "department", "store", "storeid", "channel", "品牌", "部门", "门店", "渠道")

TYPE_WORDS: Mapping[str, tuple[str, ...]] = {
    "purchase": (
        "buy",
        "purchase",
        "purchased",
        "order",
        "pay",
        "sale",
        "购买",
        "下单",
        "支付",
        "成交",
    ),
    "view": ("pv", "view", "click", "browse", "detail", "浏览", "点击", "查看"),
    "cart": ("cart", "addtocart", "add", "加购", "加入购物车", "加购物车"),
    "favourite": ("fav", "favourite", "favorite", "collect", "wishlist", "收藏"),
    "return": ("return", "returned", "refund", "ret", "退货", "退款"),
    "cancel": ("cancel", "cancelled", "canceled", "取消"),
    "adjustment": ("adjust", "adjustment", "调整"),
}

STATE_WORDS: Mapping[str, tuple[str, ...]] = {
    "given": ("given", "granted", "yes", "y", "true", "1", "optin", "agree", "同意", "已同意"),
    "refused": ("refused", "denied", "no", "n", "false", "0", "拒绝", "不同意"),
    "withdrawn": ("withdrawn", "revoked", "optout", "撤回", "已撤回"),
}

PROFILE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "age": ("age", "user.demographic.age_range", ("age", "ageband", "agegroup", "年龄", "年龄段")),
    "gender": ("gender", "user.demographic.gender", ("gender", "sex", "性别")),
    "marital_status": (
        "marital_status",
        "user.demographic.marital_status",
        ("maritalstatus", "marital", "婚姻状况", "婚姻"),
    ),
    "income": ("income", "user.financial", ("income", "salary", "收入", "年收入", "月收入")),
    "city": ("city", "user.contact.address.city", ("city", "town", "城市", "所在城市")),
    "region": (
        "region",
        "user.contact.address.state",
        ("region", "state", "province", "省份", "地区"),
    ),
    "language": ("language", "user.demographic.language", ("language", "lang", "语言")),
    "occupation": ("occupation", "user.job_title", ("occupation", "job", "职业")),
}

BIRTH_DATES = ("birthdate", "dateofbirth", "dob", "birthday", "出生日期", "生日")
BIRTH_YEARS = ("birthyear", "yearofbirth", "出生年份", "出生年")
NULL_WORDS = ("NULL", "null", "#N/A", "N/A", "n/a", "NA", "nan", "NaN", "None", "none", "-", "\\N")
ALWAYS_NULL = frozenset({"NULL", "null", "#N/A", "N/A", "n/a", "nan", "NaN", "\\N"})


def plain(name: str) -> str:
    """Return a name without case, spaces and signs."""
    return re.sub(r"[\s_\-./()（）#]+", "", name).lower()


def role_of(name: str) -> str | None:
    """Return what a column of this name is, or None."""
    word = plain(name)
    return next((role for role, words in ROLES.items() if word in words), None)


def meaning(value: str, words: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return which of some meanings a value has, or None."""
    word = plain(value)
    return next((code for code, known in words.items() if word in known), None)
