# SPDX-License-Identifier: Apache-2.0
"""Deletes without being asked what is past its time: the one list of it is `sweeps.SWEEPS`."""

from governance.retention.sweeps import NEVER, SWEEPS, Due, due, run, standing
from governance.retention.words import WHAT

__all__ = ["NEVER", "SWEEPS", "WHAT", "Due", "due", "run", "standing"]
