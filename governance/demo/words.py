# SPDX-License-Identifier: Apache-2.0
"""The words of the story, in English and Chinese."""

_CHAPTERS = (
    ("A shop opens its books", "商店开张"),
    ("A year of purchases comes in", "导入一年的购买记录"),
    ("Why may the data be used, and who agreed?", "数据为什么可以用，谁同意了？"),
    ("Tags are documents", "标签是文档"),
    ("Only people who may be tagged are tagged", "只给可以打标签的人打标签"),
    ("Why do I have this tag?", "我为什么有这个标签？"),
    ("I take my consent back", "我撤回同意"),
    ("Delete this tag, and do not bring it back", "删除这个标签，不要再打回来"),
    ("Prove it", "拿出证据"),
)

_SENTENCES = {
    "opened": (
        (
            "  A workspace in {folder}/: a store, a key store, an evidence log; the key ring lies outside"
            " (level {level})."
        ),
        "  工作区 {folder}/：数据库、密钥库、存证日志；密钥环放在工作区之外（{level} 级）。",
    ),
    "clock": (
        "  The data end on 1 January 2018, so this shop's clock stands still on the morning after.",
        "  数据截止到2018年1月1日，所以这家店的时钟停在次日清晨。",
    ),
    "again": (
        "  The same file once more: {line}",
        "  同一文件再导入一次：{line}",
    ),
    "purposes": (
        "  {count} purposes are declared: {names}.",
        "  声明了{count}个处理目的：{names}。",
    ),
    "sample": (
        (
            "  The data say nothing of consent. {count} answers of a made-up sample are recorded (it is"
            " labelled demo-sample; half of the households live under GDPR, a third under PIPL, the rest"
            " under CCPA):"
        ),
        (
            "  数据里没有同意记录。以下登记{count}条虚构的同意样本（标记为 demo-sample；约一半家庭适用GDPR，"
            "约三分之一适用中国个人信息保护法，其余适用CCPA）："
        ),
    ),
    "coverage": (
        "given {given}, refused {refused}, never asked {never}",
        "同意{given}，拒绝{refused}，未询问{never}",
    ),
    "wrong": (
        "  An engineer writes a tag with {count} mistakes, and learns of all of them at once:",
        "  工程师写了一个有{count}处错误的标签，一次就看到全部错误：",
    ),
    "planned": (
        "  {count} tags are right. The plan says what each would do before anything runs; {tag}:",
        "  {count}个标签写得正确。计划在运行之前说明每个标签的影响，例如 {tag}：",
    ),
    "own": (
        "  The author tries to approve the change: {message} [{code}].",
        "  作者试图自己批准：提交变更的人不能批准自己的变更 [{code}]。",
    ),
    "applied": (
        "  An officer ({officer}) approves exactly {change}: {count} tags enter the catalogue.",
        "  合规专员（{officer}）批准的正是 {change}：{count}个标签进入目录。",
    ),
    "refused": (
        "  Three more look harmless. The law does not think so:",
        "  还有三个标签看上去无害，但法律不这么看：",
    ),
    "run_again": (
        "  Run again, and nothing changes: {opened} given, {closed} taken back.",
        "  再运行一次，什么都不变：新增{opened}，收回{closed}。",
    ),
    "hero": (
        "  Household {customer} lives under PIPL and agreed. It asks about one of its tags:",
        "  第{customer}号家庭适用中国个人信息保护法，已同意。它询问自己的一个标签：",
    ),
    "officer": (
        "  The same answer, as a compliance officer sees it:",
        "  合规专员看到的同一答案：",
    ),
    "withdrawn": (
        "  The household withdraws. {ended} tags end in the same transaction, and the next read says:",
        "  该家庭撤回同意。{ended}个标签在同一事务中结束，下一次读取得到：",
    ),
    "deleted": (
        (
            "  Another household deletes the tag: its audience goes from {before} to {after}. Everything is"
            " computed again ({opened} tags given): does it stay away? {stays}."
        ),
        (
            "  另一个家庭删除了该标签：受众从{before}变为{after}。全部重新计算（新增{opened}个标签）后，"
            "它没有回来吗？{stays}。"
        ),
    ),
    "verified": (
        "  {size} entries of evidence, each committed with what it is about, verify to root {root}…",
        "  {size}条存证，每条都与其事项同一事务提交，验证通过，根哈希 {root}…",
    ),
    "tampered": (
        "  Somebody changes one word in a copy of the log. Found out? {found}.",
        "  有人在日志副本里改了一个词。被发现了吗？{found}。",
    ),
    "end": ("Everything lies here:", "所有东西都在这里："),
    "ring": (
        "the key ring, outside of the workspace: whoever reads it can read all",
        "密钥环，在工作区之外：谁能读到它，谁就能读到一切",
    ),
    "next": ("Three commands to try next:", "接下来可以试试这三条命令："),
}

_PLACES = (
    ("data/control.db", "purposes, consents, tags, assignments", "目的、同意、标签、打标结果"),
    ("data/lake/", "events, one folder per group of people", "行为事件，按人群分文件夹"),
    (
        "keystore/keys.db",
        "who is who: sealed, useless without the key ring",
        "身份对应：已加密，没有密钥环就无用",
    ),
    ("evidence/log.db", "what happened, and cannot be edited unseen", "发生过什么，无法被悄悄篡改"),
    ("shop/", "the shop's documents: tags, purposes, policies", "商店的文档：标签、目的、政策"),
    ("sample/", "the made-up regimes and consents", "虚构的法域与同意样本"),
)

WRONG_TAG = """\
apiVersion: tagwarden/v1
kind: Tag
key: interest.big_cola
name: {en: Cola household, zh: 可乐家庭}
says: {en: "bought cola in {count} orders", zh: "在{count}笔订单中购买了可乐"}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [recomendation]
basis: {gdpr: legitimate_interest, pipl_cn: consent, ccpa: notice}
ttl: 30d
value: "orders(category = 'SOFT DRINK', days => 0) >= 3 and ordrs(colour = 'red') > 1"
purge_on_withdrawal: immediately
"""


def chapter(number: int, language: str) -> str:
    """Return the heading of a chapter, counted from 1."""
    title = _CHAPTERS[number - 1][language == "zh"]
    return f"{number}. {title}"


def sentence(key: str, language: str) -> str:
    """Return a sentence of the story, with its placeholders."""
    return _SENTENCES[key][language == "zh"]


def places(language: str) -> list[tuple[str, str]]:
    """Return the parts of the workspace and what lies in them."""
    return [(part, zh if language == "zh" else en) for part, en, zh in _PLACES]


def yes(true: bool, language: str) -> str:
    """Return yes or no."""
    if language == "zh":
        return "是" if true else "否"
    return "Yes" if true else "No"
