# SPDX-License-Identifier: Apache-2.0
"""What a package says besides data: rights under each law, and the words of its forms."""

from collections.abc import Mapping
from typing import Final

from tagging.finding import Text

RIGHTS: Final[Mapping[str, tuple[Text, ...]]] = {
    "gdpr": (
        Text("to a copy of your data, free of charge (Art. 15)", "免费获取数据副本（第15条）"),
        Text("to have wrong data corrected (Art. 16)", "更正不准确的数据（第16条）"),
        Text("to have data deleted (Art. 17)", "删除数据（第17条）"),
        Text("to have their use restricted (Art. 18)", "限制处理（第18条）"),
        Text("to take along what you gave (Art. 20)", "转移您提供的数据（第20条）"),
        Text(
            "to object, to advertising at any time and without reasons (Art. 21)",
            "反对处理；对广告可随时反对且无需理由（第21条）",
        ),
        Text("to withdraw consent at any time (Art. 7)", "随时撤回同意（第7条）"),
    ),
    "pipl_cn": (
        Text("to look up and copy your information (Art. 45)", "查阅、复制个人信息（第四十五条）"),
        Text("to have it moved elsewhere (Art. 45)", "请求转移个人信息（第四十五条）"),
        Text("to have it corrected and completed (Art. 46)", "更正、补充（第四十六条）"),
        Text("to have it deleted (Art. 47)", "删除（第四十七条）"),
        Text("to restrict and to refuse its use (Art. 44)", "限制或拒绝处理（第四十四条）"),
        Text("to withdraw consent (Art. 15)", "撤回同意（第十五条）"),
        Text(
            "to switch personalisation off and to delete tags (Algorithm Provisions Art. 17)",
            "关闭个性化推荐、删除用户标签（《算法推荐管理规定》第十七条）",
        ),
        Text("to have the rules explained (Art. 48)", "要求解释说明处理规则（第四十八条）"),
    ),
    "ccpa": (
        Text("to know what is collected (1798.110)", "知情（1798.110）"),
        Text("to have it deleted (1798.105)", "删除（1798.105）"),
        Text("to have it corrected (1798.106)", "更正（1798.106）"),
        Text("to opt out of sale and sharing (1798.120)", "拒绝出售与共享（1798.120）"),
        Text("to limit the use of sensitive data (1798.121)", "限制使用敏感信息（1798.121）"),
        Text(
            "to opt out of significant decisions by automated technology (11 CCR 7221)",
            "拒绝自动化技术作出的重大决定（11 CCR 7221）",
        ),
        Text("not to be treated worse for it (1798.125)", "不因此受到差别对待（1798.125）"),
    ),
}
COMPLAIN: Final[Mapping[str, Text]] = {
    "gdpr": Text(
        "You may complain to a data protection authority where you live, work, or where it happened.",
        "您可向居住地、工作地或行为发生地的数据保护机构投诉。",
    ),
    "pipl_cn": Text(
        "You may complain to the authorities for personal information protection, and sue when a request "
        "is refused.",
        "您可向履行个人信息保护职责的部门投诉；请求被拒绝的，可依法提起诉讼。",
    ),
    "ccpa": Text(
        "You may complain to the California Privacy Protection Agency or the Attorney General.",
        "您可向加州隐私保护局或加州总检察长投诉。",
    ),
}
WORDS: Final[Mapping[str, Text]] = {
    "title": Text("Your data", "您的个人数据"),
    "portable": Text("Your data, to take along", "您的个人数据（可转移副本）"),
    "made": Text("Made: ", "生成时间："),
    "by": Text("By: ", "提供者："),
    "intro": Text(
        "This is everything that is stored here about you, and what is done with it. Times are UTC.",
        "以下是此处保存的关于您的全部数据及其使用情况。时间均为UTC。",
    ),
    "intro_portable": Text(
        "This is what you gave and what was observed of you, without what was concluded from it. Times are "
        "UTC.",
        "以下是您提供的以及对您观察所得的数据，不含由此推断的内容。时间均为UTC。",
    ),
    "contents": Text("Contents", "目录"),
    "rights": Text("Your rights", "您的权利"),
    "law": Text("Law: ", "法律："),
    "how": Text("To use them, write to: ", "行使权利请联系："),
    "officer": Text("Data protection officer: ", "个人信息保护负责人："),
    "ask": Text("the shop", "商店"),
    "purposes": Text("What data may be used for here", "此处数据的使用目的"),
    "purpose": Text("purpose", "处理目的"),
    "says": Text("what is done", "说明"),
    "kept": Text("kept for", "保存期限"),
    "recipients": Text("who gets it", "接收方"),
    "withheld": Text("What you get no copy of, and why", "未提供副本的内容及原因"),
    "holds": Text("what it is", "内容"),
    "why": Text("why not", "原因"),
    "none": Text("Nothing is stored here.", "无记录。"),
    "yes": Text("yes", "是"),
    "no": Text("no", "否"),
}
