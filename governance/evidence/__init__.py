# SPDX-License-Identifier: Apache-2.0
"""The evidence log of a workspace: what was done, by whom, provably complete and unchanged."""

from governance.evidence.recorder import Evidence
from governance.evidence.verification import Verification

__all__ = ["Evidence", "Verification"]
