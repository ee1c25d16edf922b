# SPDX-License-Identifier: Apache-2.0
"""Parts of a bias report that come from the same counts: what the tag alone says about each attribute."""

from dataclasses import replace

import numpy as np

from audit.bias.comparing import is_shown
from audit.bias.cube import UNKNOWN, Kind
from audit.bias.leak import information
from audit.bias.policy import FairnessPolicy
from audit.bias.protection import PEOPLE, Key
from audit.bias.report import Examined, LeakFound


def leak_of(found: Examined, policy: FairnessPolicy) -> list[LeakFound]:
    """Return what the tag says about each attribute, among those whose attribute is known.

    Bits are told only where every number that they are made of is shown: else a reader could try which
    hidden numbers give them.
    """
    (tag,) = found.cube.of_kind(Kind.TAG)
    leaks = []
    for name in policy.attributes:
        values = found.cube.axis(name).values
        known = [n for n, value in enumerate(values) if value != UNKNOWN]
        single = information(found.cube.over([tag.name, name])[:, known])
        sure = bool(np.nan_to_num(single.p, nan=1.0) < float(policy.alpha) / len(policy.attributes))
        over = sure and bool(single.corrected > float(policy.leak.tag_bits))
        keys = [Key(what, (name,), (values[n],)) for n in known for what in (PEOPLE, *tag.values)]
        if not is_shown(found.release, keys):
            hidden = np.asarray(np.nan)
            single = replace(single, corrected=hidden, p=hidden)
        leaks.append(LeakFound(name, single, over))
    return leaks
