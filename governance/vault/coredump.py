# SPDX-License-Identifier: Apache-2.0
"""Keeps the memory of a process that holds keys from being written out or looked at by others.

No core file (RLIMIT_CORE), and on Linux no dump and no debugger of the same account
(PR_SET_DUMPABLE, prctl(2)). Swap is not covered: encrypt it.
"""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def forbid() -> None:
    """Forbid core dumps of this process for good; harmless where the system knows no such thing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
