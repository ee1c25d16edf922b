# SPDX-License-Identifier: Apache-2.0
"""Keeps the garbage collector away from work on many people: it makes no cycles, only many objects.

Each full collection walks everything a process has imported, once for every few thousand people.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the collector back until the end of the block; memory is freed by reference count."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
