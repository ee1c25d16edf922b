# SPDX-License-Identifier: Apache-2.0
"""The pack of an audit as one archive: the same files give the same bytes. Pure.

Names are sorted, times are fixed, nothing is compressed, so that no version of a library shows.
"""

import io
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from audit import canon

MANIFEST: Final = "manifest.json"
README: Final = """\
What this is / 这是什么

  The evidence of one period, for an auditor outside: reports as they were made, the register of requests,
  the privacy budget, the law in force, and the entries of the evidence log.
  一段期间的证据，供外部审计人使用：原样报告、请求登记簿、隐私预算、生效规则与证据日志条目。

How to check it / 如何核验

  python verifier.py pack FILE --keys KEYS

  FILE is this archive, with FILE.tlog-proof beside it. KEYS are the public keys of the log, which the auditor
  got from the operator once, by another way. The program stands here as verifier.py; whoever does not trust it
  takes it from the release of tagwarden. It needs Python and the package cryptography.
  FILE 为本压缩包，旁边须有 FILE.tlog-proof。KEYS 为日志公钥，审计人应事先经其他途径自运营者取得。
  verifier.py 亦可取自 tagwarden 的发布版本，仅需 Python 与 cryptography。

  good: the log has the digest of this archive, each file is as the manifest says, the reports are those that the
  entries of the period name, these entries are those of the log, and the log has only grown since.

What is in it / 内容

  manifest.json      the period, the log, the SHA-256 of every file
  reports/           each report of the period: JSON as signed, and one page in English and in Chinese
  requests/          the register (deadlines, kept and missed) and the figures; it names nobody
  budget/            limits and ledger of what releases may say about people
  law/               packs and overlays by their digests, and the fairness policies that reports were judged by
  log/entries.jsonl  the entries of the period; log/leaves: SHA-256 hashes of all entries up to its end

What is not in it / 不含内容

  No name, no contact, no attribute, no tag of a person. Requests have random numbers; an entry of the log names
  a person by a pseudonym of that entry alone, which leads to somebody only with the keys of the shop.
  不含姓名、联系方式、属性或个人标签。请求使用随机编号；日志条目以仅用于该条目的假名指代个人，没有商家密钥无法对应到人。
"""


def archive(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """Return the archive of some files; `about` stands in the manifest beside their digests."""
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    manifest = {"apiVersion": "tagwarden/v1", "kind": "AuditPack", **about, "files": digests}
    whole = {**files, MANIFEST: canon.canonical(manifest)}
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as packed:
        for name in sorted(whole):
            info = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # the same on every machine
            info.external_attr = 0o644 << 16
            packed.writestr(info, whole[name])
    return out.getvalue()
