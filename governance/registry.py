# SPDX-License-Identifier: Apache-2.0
"""Every place that can hold something about a person. Access and erasure both walk this one list.

A table, file or column that is in neither list makes a test fail: nobody adds a place unseen. What a
person does not get a copy of is withheld with a reason (governance.access reads the rest). What is kept
after an erasure is kept with a ground; "shred" means that the key which gives it meaning dies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["table", "file", "outside", "keystore", "log"]

ERASE: Final = "erase"
SHRED: Final = "shred"
RETAIN: Final = "retain:"
SEVER: Final = "sever:"
NO_RETURN: Final = "retain:no-return"


@dataclass(frozen=True, slots=True)
class Place:
    """One place: what it holds, how a person is found in it, and what an erasure does there."""

    code: str
    kind: Kind
    name: str
    """Table; the property of `Paths`, or the setting, that names the folder."""
    holds: Mapping[str, str]
    find: str
    """The column by which a person is found."""
    on_erasure: str
    """`erase`, `shred`; `retain:` or `sever:` and the ground on which it is kept."""
    severed: tuple[str, ...] = ()
    """Columns that are emptied, so that what is kept leads to nobody."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Why a person gets no copy of it; empty: they get one."""

    def __post_init__(self) -> None:
        known = self.on_erasure in (ERASE, SHRED) or self.ground
        texts = (self.holds, self.withheld) if self.withheld else (self.holds,)
        if not known or not all({"en", "zh"} <= set(text) for text in texts):
            raise ValueError(f"the place {self.code} is not described completely")

    @property
    def ground(self) -> str:
        """The ground on which it is kept after an erasure, or ''."""
        how, _, ground = self.on_erasure.partition(":")
        return ground if f"{how}:" in (RETAIN, SEVER) else ""

    @property
    def keeps_number(self) -> bool:
        """Whether it is kept after an erasure under the bare number."""
        return self.kind == "table" and self.on_erasure.startswith(RETAIN)


_NOTHING: Final[Mapping[str, str]] = {}
_KEY: Final = {
    "en": "a key, not data about you; whoever has it could open or forge what is sealed",
    "zh": "这是密钥而非关于您的数据；持有者可打开或伪造封存内容",
}
_DIGEST: Final = {
    "en": "a keyed digest of an identity that you get in clear",
    "zh": "身份的带密钥摘要，身份本身已以明文提供",
}
_INTERNAL: Final = {
    "en": "internal numbers that mean nothing outside this system",
    "zh": "内部编号，在本系统之外没有含义",
}
_UNATTRIBUTED: Final = {
    "en": "such rows are attributed to nobody; to search them for a number alone could show you the data "
    "of others",
    "zh": "这些行未归属于任何人；仅凭编号检索可能会向您展示他人的数据",
}
_AFTERWARDS: Final = {
    "en": "it is there only when you have been erased",
    "zh": "仅在您的数据删除后存在",
}
_OF_ERASED: Final = {
    "en": "keyed digests about people who were erased; they open nothing and lead to nobody who is here",
    "zh": "关于已被删除者的带密钥摘要；不能打开任何内容，也不指向仍在册的人",
}
_SENT: Final = {
    "en": "you were sent them; each is deleted 30 days after the code in it has ended",
    "zh": "这些信件已发送给您；每封信在其中的验证码失效30天后删除",
}
_PASSING: Final = {
    "en": "copies of what is listed elsewhere, deleted when the command ends",
    "zh": "其他各处已列内容的临时副本，命令结束即删除",
}


def _table(
    name: str,
    en: str,
    zh: str,
    *,
    on_erasure: str = ERASE,
    find: str = "subject_id",
    severed: tuple[str, ...] = (),
    withheld: Mapping[str, str] = _NOTHING,
) -> Place:
    holds = {"en": en, "zh": zh}
    return Place(f"store.{name}", "table", name, holds, find, on_erasure, severed, withheld)


def _keys(name: str, en: str, zh: str, *, withheld: Mapping[str, str] = _NOTHING) -> Place:
    holds = {"en": en, "zh": zh}
    return Place(
        f"keystore.{name}", "keystore", name, holds, "subject_id", SHRED, withheld=withheld
    )


def _file(
    name: str, en: str, zh: str, *, find: str, withheld: Mapping[str, str] = _NOTHING
) -> Place:
    return Place(f"file.{name}", "file", name, {"en": en, "zh": zh}, find, ERASE, withheld=withheld)


PLACES: Final = (
    _table("subject", "regime, age band and time of admission", "适用法域、年龄段与建档时间"),
    _table("sealedblob", "profile attributes, sealed", "档案属性（已封存）"),
    _table(
        "consentevent",
        "what was said about each purpose, and when",
        "对各处理目的的同意、拒绝与撤回及其时间",
        on_erasure="retain:proof-of-consent",
    ),
    _table("consentstate", "the present state of consent", "当前的同意状态"),
    _table(
        "choiceevent",
        "objections, restrictions, blocked tags, personalisation off",
        "反对、限制处理、屏蔽标签、关闭个性化的记录",
        on_erasure="retain:proof-of-choice",
    ),
    _table("choicestate", "the choices in force", "当前生效的选择"),
    _table("correction", "attributes that were corrected or deleted", "已更正或删除的属性"),
    _table(
        "bitmap", "membership in audiences and consent sets", "所属人群与同意集合", find="members"
    ),
    _table("bitmapdelta", "changes of that membership", "所属集合的变动"),
    _table("liveevent", "events that came one by one", "逐条到达的行为事件"),
    _table(
        "request",
        "what the person asked for, and where it stands",
        "本人提出的请求及其状态",
        on_erasure="sever:proof-of-answer",
        severed=("subject_id", "said"),
    ),
    _table(
        "requestevent",
        "the steps of a request",
        "请求的处理步骤",
        on_erasure="sever:proof-of-answer",
        find="ref",
    ),
    _table(
        "challenge",
        "proofs of identity that were asked for; their secrets only as keyed digests",
        "身份核验记录（其中的验证码仅以带密钥摘要保存）",
    ),
    _table("assignment", "tags, with reasons and history", "标签及其依据与历史"),
    _table(
        "outbox",
        "evidence on its way to the log, under a pseudonym",
        "待写入证据日志的条目（假名）",
        find="entry",
        on_erasure=SHRED,
    ),
    _table(
        "erasure",
        "an erasure on its way; when it is closed, its number only",
        "正在进行的删除；完成后仅保留其编号",
        on_erasure=SHRED,
    ),
    _table(
        "keptproof",
        "until when the ledgers of an erased person are kept, under a bare number",
        "已删除者的同意与选择记录的保存期限（仅以编号标识）",
        on_erasure="retain:proof-of-consent",
        withheld=_AFTERWARDS,
    ),
    _table(
        "hold",
        "what must not be erased, on which ground, until when",
        "依法须保留的内容、依据与期限",
    ),
    _table(
        "notification",
        "what recipients must be told because of a request, and whether they were",
        "因请求须通知接收方的事项及其状态",
        on_erasure="sever:proof-of-answer",
        find="ref",
    ),
    _file("lake", "behaviour events", "行为事件", find="subject_id"),
    _file(
        "quarantine",
        "rows of imported files that could not be read",
        "导入文件中无法读取的行",
        find="raw identity",
        withheld=_UNATTRIBUTED,
    ),
    _file(
        "scratch",
        "work files of a command in progress",
        "正在执行的命令的工作文件",
        find="-",
        withheld=_PASSING,
    ),
    Place(
        "outside.delivery.folder",
        "outside",
        "delivery.folder",
        {
            "en": "letters to the person, as files in the folder of messages",
            "zh": "发给本人的信件（消息文件夹中的文件）",
        },
        "challenge",
        ERASE,
        withheld=_SENT,
    ),
    _keys("person", "the internal numbers of a person", "个人的内部编号", withheld=_INTERNAL),
    _keys(
        "dek",
        "the key that opens a person's sealed values, and makes their pseudonyms in the log",
        "打开其封存值并生成日志假名的密钥",
        withheld=_KEY,
    ),
    _keys("ident", "the keyed index of identities", "身份的带密钥索引", withheld=_DIGEST),
    _keys(
        "name",
        "identities such as the customer number, sealed",
        "客户编号等身份（已封存）",
    ),
    Place(
        "keystore.suppress",
        "keystore",
        "suppress",
        {
            "en": "keyed digests of identities that were erased, so that no import brings them back",
            "zh": "已删除身份的带密钥摘要，用于防止重新导入",
        },
        "tag",
        NO_RETURN,
        withheld=_OF_ERASED,
    ),
    Place(
        "log.forgotten",
        "log",
        "forgotten",
        {
            "en": "the same digests, and those of destroyed keys, so that no old backup brings them back",
            "zh": "上述摘要以及已销毁密钥的摘要，用于防止旧备份使其恢复",
        },
        "tag",
        NO_RETURN,
        withheld=_OF_ERASED,
    ),
    Place(
        "log.entry",
        "log",
        "entry",
        {
            "en": "who did what with a person's data, under a pseudonym of each request",
            "zh": "何人对其数据做了什么（每次请求使用不同假名）",
        },
        "sub",
        SHRED,
    ),
)

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "store.purpose": "documents about purposes",
    "store.changeset": "documents about tags; operators by a keyed name",
    "store.operator": "operators of the workspace, whom tags say nothing about",
    "store.assessment": "documents about purposes and tags; reviewers are roles, never people",
    "store.overlay": "documents about the law; operators by a keyed name",
    "store.calendaryear": "days off of a year; operators by a keyed name",
    "store.definition": "documents about tags; the author is an operator",
    "store.tagvalue": "values a tag can have, for nobody in particular",
    "store.feature": "documents about measures",
    "store.attribute": "which attributes there are, not whose",
    "store.intake": "counts and digests of files that came in; rejected rows are in quarantine",
    "store.lakepart": "which lake files there are, with counts and times",
    "store.eventcolumn": "which columns events have",
    "store.category": "values of goods (categories, brands) with counts over all people",
    "store.eventtotal": "daily totals of rows that belong to nobody",
    "store.run": "counts of runs",
    "store.budget": "how much releases may say, for whole populations; operators by a keyed name",
    "store.charge": "what releases cost; nothing in it names or counts a person exactly",
    "store.release": "noisy numbers over a population: what one person can change is bounded by the charge",
    "store.audiencesize": "noisy counts of people: what one person can change is bounded by the charge",
    "store.noisedcube": "counts of groups with noise: what one person can change is bounded by the charge",
    "store.fit": "segments made of a release alone",
    "store.training": "parameters of models over many people: no row of anybody; leaves of plain trees hold 20 or more",
    "store.trial": "how many people a model was right and wrong about, over a whole population",
    "store.auditreport": "counts of groups that nobody can be worked out of; exact ones only sealed; of compliance, codes and totals",
    "store.fairness": "documents about limits of audits; operators by a keyed name",
    "store.auditfinding": "groups that a report shows, by the labels that it shows; operators by a keyed name",
    "store.auditwaiver": "why a shop lives with a finding about a group; its owner is a role or a team",
    "store.cutpoints": "cut points over a whole population",
    "keystore.canary": "a key of nobody, to tell whether the ring belongs to the store",
    "keystore.backup": "when backups were made",
    "keystore.followed": "how far the key store has followed what was to be forgotten",
    "log.tile": "hashes over many entries",
    "log.state": "size and root of the tree",
    "file.root": "the folder itself; the settings file says nothing about people",
    "file.control": "its tables are entered one by one",
    "file.keystore": "its tables are entered one by one",
    "file.evidence": "its tables are entered one by one",
    "file.lock": "which command is at work",
    "file.queue": "the last number given to a charge that waits in line",
    "file.ring": "keys of the workspace and the signed head of the log",
}
"""Places that hold nothing about a person, each with the reason."""


def places(kind: Kind | None = None) -> tuple[Place, ...]:
    """Return the places, all or of one kind, in the order in which they are listed."""
    return tuple(place for place in PLACES if kind in (None, place.kind))
