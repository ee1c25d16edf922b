# SPDX-License-Identifier: Apache-2.0
"""What each level of the key ring protects, and what it leaves open, in both languages."""

from collections.abc import Mapping
from typing import Final

CODES: Final = {"file": "K0", "passphrase": "K1", "keyring": "K2", "pkcs11": "K4"}

PROTECTS: Final[Mapping[str, str]] = {
    "en": (
        "a stolen database or backup opens nothing: names and attributes are sealed, "
        "and the key ring is not in the workspace"
    ),
    "zh": "数据库或备份被盗时打不开任何内容：身份与属性均已封存,密钥环不在工作区内",
}

_WHO: Final[Mapping[str, Mapping[str, str]]] = {
    "file": {
        "en": (
            "whoever can read the key ring file, or is administrator of this machine, can read all; "
            "losing the file loses every sealed value for good, so keep a copy apart from all backups "
            "of the data"
        ),
        "zh": (
            "能读取密钥环文件的人或本机管理员可以读取一切；文件丢失则所有封存值永久丢失,"
            "请另存副本,且不要与数据备份放在一起"
        ),
    },
    "passphrase": {
        "en": (
            "whoever knows the passphrase and has the key ring file can read all, and so can an "
            "administrator of this machine while a command runs; forgetting the passphrase or losing "
            "the file loses every sealed value for good, so keep a copy of both apart"
        ),
        "zh": (
            "知道口令并持有密钥环文件的人可以读取一切,本机管理员在命令运行期间亦可；"
            "忘记口令或丢失文件则所有封存值永久丢失,请将两者另存副本"
        ),
    },
    "keyring": {
        "en": (
            "whoever acts as this account while its keyring is open, or is administrator of this "
            "machine, can read all; losing the keyring or the key ring file loses every sealed value "
            "for good, so keep a copy of both apart"
        ),
        "zh": (
            "在系统钥匙串开启期间使用本账户的人或本机管理员可以读取一切；"
            "钥匙串或密钥环文件丢失则所有封存值永久丢失,请将两者另存副本"
        ),
    },
    "pkcs11": {
        "en": (
            "whoever has the token, its PIN and the key ring file can read all, and so can an "
            "administrator of this machine while a command runs; losing the token or the file loses "
            "every sealed value for good, so keep a backup of the keys: tagwarden key backup FILE"
        ),
        "zh": (
            "持有令牌、其 PIN 及密钥环文件的人可以读取一切,本机管理员在命令运行期间亦可；"
            "令牌或文件丢失则所有封存值永久丢失,请保留密钥备份：tagwarden key backup FILE"
        ),
    },
}

_REST: Final[Mapping[str, str]] = {
    "en": (
        "; events and tags lie unsealed under numbers; a signed log shows what was written, "
        "not what was left out"
    ),
    "zh": "；事件与标签以编号存放,未封存；签名日志证明写下了什么,不能证明没有遗漏",
}


def leaves_open(level: str, language: str) -> str:
    """Return what a level does not protect, in one sentence."""
    return _WHO[level][language] + _REST[language]
