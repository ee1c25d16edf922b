# SPDX-License-Identifier: Apache-2.0
"""Kills while backups of the keys are made and put back: the old keys or the new ones, never neither."""

import pytest

from governance.custody import backup as backing
from governance.custody import restore as restoring
from governance.evidence.head import head_path
from governance.store import private_file
from governance.vault.keystore import KeyStore
from tests.keeping import (
    a_kept_folder,
    after,
    backed_up,
    entries,
    kill,
    killed_in_a_child,
    lose_key_store,
    lose_ring,
    opens,
    put_back,
    with_people,
)
from tests.workshop import code_of


@pytest.fixture
def shop(tmp_path):
    return a_kept_folder(tmp_path)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "safe").mkdir()
    return tmp_path / "safe" / "shop.keys"


def with_few(steps, *few):
    """Give all steps; those beside a few are played by `make slow`."""
    return [step if step in few else pytest.param(step, marks=pytest.mark.slow) for step in steps]


MAKING = {
    "before the copy": (KeyStore, "copy", kill),
    "after the copy": (KeyStore, "copy", after(KeyStore.copy)),
    "before the file": (private_file, "create_from", kill),
    "before the note": (KeyStore, "note_backup", kill),
    "after the file": (backing, "_write", after(backing._write)),
}


@pytest.mark.parametrize("step", MAKING.values(), ids=MAKING)
def test_a_kill_while_a_backup_is_made_leaves_a_whole_file_or_none(shop, file, step):
    cells = with_people(shop, 5)

    def work():
        setattr(*step)
        backed_up(shop, file)

    killed_in_a_child(work)
    assert opens(shop, cells) == 5
    if file.exists():
        assert put_back(shop, file, replace=True).people == 5
    backed_up(shop, file.with_name("again"))
    assert sorted(p.name for p in (shop / "keystore").iterdir()) == ["keys.db"]


PUTTING = {
    "before anything": (restoring, "_opens", kill),
    "before the ring": (restoring, "put_ring", kill),
    "after the ring": (restoring, "put_ring", after(restoring.put_ring)),
    "before the head": (restoring, "write_head", kill),
    "after the head": (restoring, "write_head", after(restoring.write_head)),
    "before the store": (restoring, "_put_store", kill),
    "in the store": (KeyStore, "lone", after(KeyStore.lone)),
    "after the store": (restoring, "_put_store", after(restoring._put_store)),
}


@pytest.mark.parametrize("step", with_few(PUTTING, "before the ring", "in the store"))
def test_a_kill_while_keys_are_put_back_is_completed_by_the_same_command(
    shop, file, tmp_path, step
):
    cells = with_people(shop, 5)
    backed_up(shop, file)
    lose_key_store(shop)
    lose_ring(tmp_path)

    def work():
        setattr(*PUTTING[step])
        put_back(shop, file)

    killed_in_a_child(work)
    if code_of(lambda: opens(shop, cells)):
        put_back(shop, file)
    assert opens(shop, cells) == 5
    assert entries(shop, "key.restored")[1]
    assert entries(shop, "key.restored")[0] >= 1


@pytest.mark.parametrize(
    "step", with_few(["after the ring", "before the head", "after the head"], "after the ring")
)
def test_a_kill_while_only_the_ring_is_put_back_loses_nobody(shop, file, tmp_path, step):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    cells |= with_people(shop, 2, start=10)
    lose_ring(tmp_path)

    def work():
        setattr(*PUTTING[step])
        put_back(shop, file)

    killed_in_a_child(work)
    if not head_path(tmp_path / "rings" / "ring.json").exists():
        assert put_back(shop, file).head
    assert opens(shop, cells) == 5
    assert entries(shop, "key.restored")[1]


@pytest.mark.parametrize(
    "step", with_few(["before the store", "in the store", "after the store"], "in the store")
)
def test_a_kill_while_whole_keys_are_replaced_leaves_the_old_or_the_new(shop, file, step):
    cells = with_people(shop, 3)
    backed_up(shop, file)
    later = with_people(shop, 2, start=10)

    def work():
        setattr(*PUTTING[step])
        put_back(shop, file, replace=True)

    killed_in_a_child(work)
    assert opens(shop, cells) == 3
    if step == "after the store":
        assert code_of(lambda: opens(shop, later)) == "unsealing-failed"
    else:
        assert opens(shop, later) == 2
