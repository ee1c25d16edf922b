# SPDX-License-Identifier: Apache-2.0
"""Where the example shops lie: in a wheel or in a checkout."""

import shutil
from importlib.resources import files
from pathlib import Path

FIRST_DAY = "2026-11-20T12:00:00Z"
"""Where the clock of the guide stands: just after its last purchase."""


def folder() -> Path:
    """Return the folder of the examples."""
    packed = Path(str(files("governance") / "_examples"))
    return packed if packed.is_dir() else Path(__file__).parents[1] / "examples"


def copy_first(workspace: Path) -> Path:
    """Copy the files of the guide into a workspace, and return their folder."""
    target = workspace / "example"
    shutil.copytree(folder() / "first", target)
    return target
