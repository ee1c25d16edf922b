# SPDX-License-Identifier: Apache-2.0
"""`tagwarden budget audit` as a program: 0 on what we ship, 1 on each planted bug, with its code."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from governance.budget import auditing
from governance.cli.app import app
from tagging.segmentation import privacy_audit
from tests.planted import BUGS
from tests.workshop import a_folder

pytestmark = pytest.mark.slow


def audited(tmp_path, monkeypatch, runs=40):
    """Exit status and output of the command, with fewer pairs and attacks than it makes by itself."""
    extent = privacy_audit.Extent(pairs=240, draws=200_000, runs=runs)
    monkeypatch.setattr(auditing, "privacy_audit", partial(privacy_audit.privacy_audit, extent))
    done = CliRunner().invoke(app, ["budget", "audit", "--json", "-w", str(a_folder(tmp_path))])
    return done.exit_code, json.loads(done.stdout or done.stderr)


def test_what_we_ship_is_sound_and_says_what_it_did_not_see(tmp_path, monkeypatch):
    code, said = audited(tmp_path, monkeypatch)
    assert code == 0
    assert said["audit"]["sound"]
    assert "diffprivlib-random-forest/0.6.6" in said["audit"]["unheard"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_ends_the_program_with_1(tmp_path, monkeypatch, bug):
    bug(monkeypatch)
    code, said = audited(tmp_path, monkeypatch, 2000 if "fifth" in bug.__name__ else 40)
    assert code == 1
    assert BUGS[bug] in {problem["code"] for problem in said["error"]["problems"]}
