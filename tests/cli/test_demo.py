# SPDX-License-Identifier: Apache-2.0
"""The demonstration tells what happens, and it happens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_whole_story_comes_true(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from governance.cli.app import run; run()",
            "demo",
            "--json",
            "--dir",
            tmp_path / "demo",
        ],
        cwd=ROOT,
        env={
            "XDG_DATA_HOME": str(tmp_path / "share"),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["transactions"] == 1_458_032
    assert facts["tags"] >= 24
    assert facts["ended_by_withdrawal"] > 0
    assert facts["deleted_stays_away"] is True
    assert facts["tampering_found"] is True
    for chapter in range(1, 10):
        assert f"\n{chapter}. " in done.stderr
