# SPDX-License-Identifier: Apache-2.0
"""What is deleted when its time is over, in words."""

from typing import Final

from tagging.finding import Text

WHAT: Final = {
    "events": Text(
        "events older than every purpose that uses them needs", "超过使用目的所需期限的行为事件"
    ),
    "assignments": Text(
        "ended tags older than their purposes need", "超过目的所需期限的已终止标签"
    ),
    "attributes": Text(
        "attributes of people whom no purpose permits", "已无任何处理目的的个人属性"
    ),
    "people": Text("people of whom nothing was heard for long", "长期无活动的个人"),
    "requests": Text(
        "requests that ended long ago, with their letters and certificates",
        "已结束并超过保存期限的请求及其通知与证明",
    ),
    "notifications": Text(
        "what recipients were told without a request, and certificates of erasures that nobody asked for",
        "非因请求而作的通知记录，以及非因请求而作的删除证明",
    ),
    "messages": Text(
        "proofs of identity that were asked for, with their letters", "身份核验记录及所发信件"
    ),
    "quarantine": Text("files of rows that could not be read", "无法读取的行的文件"),
}
