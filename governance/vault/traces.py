# SPDX-License-Identifier: Apache-2.0
"""What the key store holds of people that can be looked for byte by byte; none of it opens anything."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from governance.vault.identity import KINDS
from governance.vault.keystore import KeyStore, chunks
from governance.vault.sealing import NONCE_BYTES


class Traces(NamedTuple):
    """Byte strings of one person that must be found nowhere when their keys are destroyed."""

    sid: bytes
    nonces: tuple[bytes, ...]
    """The first 12 bytes of each wrapped data key."""
    tags: tuple[bytes, ...]
    """The keyed index of the identities."""


def traces(path: Path, subject_ids: Iterable[int]) -> dict[int, Traces]:
    """Return the traces of people in a key store; who is not there is left out. Needs no ring."""
    ids = list(dict.fromkeys(subject_ids))
    nonces: dict[int, list[bytes]] = defaultdict(list)
    tags: dict[int, list[bytes]] = defaultdict(list)
    with closing(KeyStore.open(path)) as store:
        sids = store.sids(ids)
        for subject_id, _, record in store.records(ids):
            nonces[subject_id].append(record.wrapped[:NONCE_BYTES])
        for part in chunks(ids):
            for number in KINDS.values():
                for subject_id, tag, _ in store.identities(number, part):
                    tags[subject_id].append(tag)
    return {i: Traces(sid, tuple(nonces[i]), tuple(tags[i])) for i, sid in sids.items()}
