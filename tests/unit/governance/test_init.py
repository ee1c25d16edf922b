# SPDX-License-Identifier: Apache-2.0
"""Making a workspace: everything in its place, or nothing at all."""

import fcntl
import os
import signal
import stat
from contextlib import closing
from pathlib import Path

import pytest

from audit.errors import Fault
from governance import init as making
from governance.init import STAGING, init
from governance.settings import load
from governance.store import migrate
from tests.workshop import OFFICER, code_of, reopened


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.law("GDPR-25")
def test_a_workspace_is_whole_and_for_the_owner_only(tmp_path, home):
    report = init(
        tmp_path / "shop", name="Shop", regime="pipl_cn", language="zh", zone="Asia/Shanghai"
    )
    assert (report.created, report.key_level, report.name) == (True, "K0", "Shop")
    assert report.ring.is_relative_to(home)
    assert "密钥环" in report.leaves_open
    shop = tmp_path / "shop"
    for path in [shop, *shop.rglob("*"), *home.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        if path.name not in ("control.db", ".lock"):
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    assert everything(shop) == [
        "data/control.db",
        "evidence/log.db",
        "keystore/keys.db",
        "tagwarden.toml",
    ]
    settings = load(shop)
    assert len(settings.text("workspace.id")) == 16
    assert settings.text("workspace.zone") == "Asia/Shanghai"
    with closing(reopened(shop)) as ws:
        checked = ws.evidence.verify()
        assert (checked.size, checked.good) == (1, True)
        assert ws.people.admit("customer", ["A"]) == {"A": 1}


def test_two_workspaces_have_nothing_in_common(tmp_path):
    one, two = (init(tmp_path / name, name=name) for name in ("one", "two"))
    assert one.ring != two.ring
    assert one.ring.read_bytes() != two.ring.read_bytes()


def test_an_empty_folder_will_do_and_stays_the_same_folder(tmp_path):
    (tmp_path / "shop").mkdir()
    before = (tmp_path / "shop").stat().st_ino
    init(tmp_path / "shop", name="Shop")
    assert (tmp_path / "shop").stat().st_ino == before


def test_an_existing_workspace_is_left_as_it_is(tmp_path):
    init(tmp_path / "shop", name="Shop")
    before = {
        path: (tmp_path / "shop" / path).read_bytes() for path in everything(tmp_path / "shop")
    }
    report = init(tmp_path / "shop", name="Another")
    assert (report.created, report.name) == (False, "Shop")
    assert {
        p: (tmp_path / "shop" / p).read_bytes() for p in everything(tmp_path / "shop")
    } == before


@pytest.mark.parametrize("name", ["notes.txt", "data", STAGING])
def test_a_folder_that_holds_something_else_is_refused_and_kept(tmp_path, name):
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "letter.txt").write_text("x")
    (shop / name).mkdir(exist_ok=True)
    before = everything(tmp_path)
    assert code_of(lambda: init(shop, name="Shop")) == "folder-not-empty"
    assert everything(tmp_path) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "shop").write_text("x")
    assert code_of(lambda: init(tmp_path / "shop", name="Shop")) == "folder-not-empty"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "bad-name"),
        ({"name": "x" * 81}, "bad-name"),
        ({"name": "a\nb"}, "bad-name"),
        ({"zone": "Mars/Olympus"}, "bad-zone"),
        ({"zone": "../etc/passwd"}, "bad-zone"),
        ({"regime": "martian"}, "bad-settings"),
        ({"language": "tlh"}, "bad-settings"),
        ({"fixed_clock": "yesterday"}, "bad-setting"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_leave_nothing_behind(tmp_path, given, code):
    assert code_of(lambda: init(tmp_path / "shop", **{"name": "Shop", **given})) == code
    assert list(tmp_path.iterdir()) == []


def test_folders_above_the_workspace_are_made_and_taken_back(tmp_path):
    assert code_of(lambda: init(tmp_path / "a" / "b" / "shop", name="Shop", zone="?")) == "bad-zone"
    assert code_of(lambda: init(tmp_path / "a" / "b" / "shop", name="S", regime="?")) != ""
    assert list(tmp_path.iterdir()) == []
    assert init(tmp_path / "a" / "b" / "shop", name="Shop").created


def test_a_ring_inside_the_workspace_is_refused_and_nothing_remains(tmp_path):
    shop = tmp_path / "shop"
    assert code_of(lambda: init(shop, name="Shop", ring=shop / "ring.json")) == "ring-place"
    assert list(tmp_path.iterdir()) == []


def test_a_ring_that_is_there_already_is_kept(tmp_path):
    ring = tmp_path / "ring.json"
    ring.write_text("somebody's keys")
    assert code_of(lambda: init(tmp_path / "shop", name="Shop", ring=ring)) == "ring-exists"
    assert everything(tmp_path) == ["ring.json"]
    assert ring.read_text() == "somebody's keys"


STEPS = {
    "the ring": (making, "create_ring"),
    "the key store": (making.KeyStore, "create"),
    "the log": (making.Evidence, "create"),
    "the schema": (making, "upgrade"),
    "the first entry": (making.Evidence, "entry"),
    "the move": (Path, "rename"),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("there", [True, False], ids=["empty folder", "no folder"])
def test_when_a_step_fails_nothing_remains(tmp_path, monkeypatch, step, there):
    shop = tmp_path / "shop"
    if there:
        shop.mkdir()

    def broken(*_given, **_named):
        raise Fault("broken", "on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(*step, broken)
        assert code_of(lambda: init(shop, name="Shop")) == "broken"
    assert shop.exists() == there
    assert everything(tmp_path) == []
    assert init(shop, name="Shop").created


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_what_a_killed_init_left_is_cleared_by_the_next(tmp_path, home, step):
    shop = tmp_path / "shop"
    child = os.fork()
    if not child:
        setattr(*step, lambda *_given, **_named: os.kill(os.getpid(), signal.SIGKILL))
        init(shop, name="Shop")
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (shop / STAGING).is_dir()
    assert init(shop, name="Shop").created
    assert not (shop / STAGING).exists()
    assert len(everything(home)) == 2
    with closing(reopened(shop)) as ws:
        assert ws.evidence.verify().good


def test_two_at_once_make_one_workspace(tmp_path):
    staging = tmp_path / "shop" / STAGING
    staging.mkdir(parents=True)
    handle = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert code_of(lambda: init(tmp_path / "shop", name="Shop")) == "init-running"
        assert staging.exists()
    finally:
        os.close(handle)


def test_a_demonstration_stands_still_in_time(tmp_path):
    init(tmp_path / "shop", name="Shop", fixed_clock="2018-01-02T05:00:00Z", actor=OFFICER)
    with closing(reopened(tmp_path / "shop")) as ws:
        assert ws.evidence.latest_ms == 1_514_869_200_000


def test_the_migrations_come_from_one_place():
    assert (migrate.scripts() / "env.py").is_file()
