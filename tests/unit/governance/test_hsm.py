# SPDX-License-Identifier: Apache-2.0
"""The key ring sealed by a PKCS#11 token: a real SoftHSM, its tokens in a folder of the test."""

import json
import shutil
import subprocess
import sys
import types
from contextlib import closing
from pathlib import Path

import pytest

from audit.ids import SystemIds
from governance import authority, doctor
from governance.custody.rotate import rotate
from governance.custody.status import status
from governance.init import init
from governance.vault.levels import CODES
from governance.vault.token import TokenKey
from governance.workspace import open_workspace
from tests.keeping import CUSTODIAN, backed_up, lose_ring, opens, put_back, with_people
from tests.workshop import OFFICER, code_of, reopened

PIN = "493817"
MODULES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """Make the tokens `shop` and `other`; return the path of the module that has them."""
    pytest.importorskip("pkcs11", reason="LEVEL pkcs11 IS NOT TESTED: pip install python-pkcs11")
    found = next((path for path in MODULES if path.is_file()), None)
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("LEVEL pkcs11 IS NOT TESTED: install softhsm2 (apt-get install softhsm2)")
    folder = tmp_path_factory.mktemp("tokens")
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(conf))
        for label in ("shop", "other"):
            given = ["--label", label, "--pin", PIN, "--so-pin", "48151623"]
            subprocess.run(
                ["softhsm2-util", "--init-token", "--free", *given], check=True, capture_output=True
            )
        yield str(found)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def pin_file(folder, pin=PIN):
    path = folder / "pin"
    path.write_text(pin + "\n")
    path.chmod(0o600)
    return path


def sealed_by_token(tmp_path, module, label="shop", **given):
    """Make a workspace whose ring the token `shop` seals, with a custodian; return init's report."""
    given = {"passphrase_from": str(pin_file(tmp_path))} | given
    report = init(
        tmp_path / "shop",
        name="Shop",
        actor=OFFICER,
        ring=tmp_path / "rings" / "ring.json",
        level="pkcs11",
        pkcs11=(module, label),
        **given,
    )
    with closing(reopened(report.folder)) as ws:
        authority.add(ws, CUSTODIAN.name, ["custodian"])
    return report


def at_the_token(module, label, work):
    """Do something in a session with a token of the test; return what it returns."""
    import pkcs11

    with pkcs11.lib(module).get_token(token_label=label).open(user_pin=PIN, rw=True) as session:
        return work(session)


def workspace_id(shop):
    with closing(reopened(shop)) as ws:
        return ws.settings.text("workspace.id")


@pytest.mark.law("GDPR-32")
def test_a_ring_sealed_by_a_token_shows_no_key_and_opens_with_its_pin(tmp_path, module):
    report = sealed_by_token(tmp_path, module)
    assert report.key_level == CODES["pkcs11"] == "K4"
    assert set(json.loads(report.ring.read_text())) == {"level", "sealed"}
    cells = with_people(report.folder, 1)
    assert opens(report.folder, cells) == 1
    text = (report.folder / "tagwarden.toml").read_text() + report.ring.read_text()
    assert PIN not in text


def test_the_key_cannot_be_taken_out_of_the_token(tmp_path, module):
    import pkcs11

    name = workspace_id(sealed_by_token(tmp_path, module).folder)

    def look(session):
        key = session.get_key(label=name)
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]
        can = {word: key[getattr(pkcs11.Attribute, word)] for word in ("ENCRYPT", "DECRYPT")}
        kept = ("TOKEN", "PRIVATE", "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE")
        can |= {word: key[getattr(pkcs11.Attribute, word)] for word in kept}
        cannot = ("EXTRACTABLE", "WRAP", "UNWRAP", "SIGN", "VERIFY", "DERIVE")
        return can, {word: key[getattr(pkcs11.Attribute, word)] for word in cannot}

    can, cannot = at_the_token(module, "shop", look)
    assert set(can.values()) == {True}
    assert set(cannot.values()) == {False}


def test_a_copy_of_ring_and_key_store_opens_nothing_without_the_token(
    tmp_path, module, monkeypatch
):
    shop = sealed_by_token(tmp_path, module).folder
    cells = with_people(shop, 2)
    name = workspace_id(shop)
    monkeypatch.setenv("TAGWARDEN_KEYS_PKCS11_TOKEN", "none")
    assert code_of(lambda: opens(shop, cells)) == "pkcs11-token"
    monkeypatch.setenv("TAGWARDEN_KEYS_PKCS11_TOKEN", "other")
    assert code_of(lambda: opens(shop, cells)) == "pkcs11-key"
    TokenKey(module, "other", name, PIN.encode).seal(b"{}", SystemIds())
    assert code_of(lambda: opens(shop, cells)) == "ring-unreadable"
    monkeypatch.delenv("TAGWARDEN_KEYS_PKCS11_TOKEN")
    assert opens(shop, cells) == 2


def test_a_wrong_pin_is_refused_and_tried_once_only(tmp_path, module):
    shop = sealed_by_token(tmp_path, module).folder
    settings = shop / "tagwarden.toml"
    settings.write_text(settings.read_text().replace(str(tmp_path / "pin"), ""))
    asked = []

    def ask():
        asked.append(1)
        return "0000000"

    with closing(open_workspace(shop, actor=OFFICER, ask=ask)) as ws:
        for _ in range(3):
            assert code_of(lambda: ws.keys.ring) == "wrong-passphrase"
        doctor.examine(ws)
    assert len(asked) == 1
    with closing(open_workspace(shop, actor=OFFICER, ask=lambda: PIN)) as ws:
        assert ws.keys.ring.current == 1


def test_a_pin_is_as_short_as_tokens_have_it_and_never_empty(tmp_path, module):
    shop = sealed_by_token(tmp_path, module).folder
    for pin, code in (("", "passphrase-short"), ("1234", "wrong-passphrase"), (PIN, "")):
        pin_file(tmp_path, pin)
        assert code_of(lambda: opens(shop, {})) == code


def test_a_rotation_is_sealed_by_the_same_token(tmp_path, module):
    report = sealed_by_token(tmp_path, module)
    cells = with_people(report.folder, 3)
    with closing(open_workspace(report.folder, actor=CUSTODIAN)) as ws:
        rotate(ws)
        found = status(ws)
    assert (found.level, found.epoch, found.data_keys) == ("pkcs11", 2, {2: 3})
    assert opens(report.folder, cells) == 3
    assert set(json.loads(report.ring.read_text())) == {"level", "sealed"}


def test_a_ring_of_a_token_is_refused_at_another_level_and_the_other_way_round(
    tmp_path, module, monkeypatch
):
    shop = sealed_by_token(tmp_path, module).folder
    monkeypatch.setenv("TAGWARDEN_KEYS_LEVEL", "file")
    assert code_of(lambda: with_people(shop, 1)) == "ring-level"
    monkeypatch.delenv("TAGWARDEN_KEYS_LEVEL")
    plain = init(tmp_path / "plain", name="Plain", actor=OFFICER).folder
    monkeypatch.setenv("TAGWARDEN_KEYS_LEVEL", "pkcs11")
    assert code_of(lambda: with_people(plain, 1)) == "ring-level"


def test_what_a_token_sealed_opens_in_its_context_only(tmp_path, module, monkeypatch):
    shop = sealed_by_token(tmp_path, module).folder
    monkeypatch.setattr("governance.vault.token.BOUND", b"something else")
    assert code_of(lambda: opens(shop, {})) == "ring-unreadable"


def test_every_flipped_byte_of_a_ring_sealed_by_a_token_is_refused(tmp_path, module):
    report = sealed_by_token(tmp_path, module)
    value = json.loads(report.ring.read_text())
    sealed = bytes.fromhex(value["sealed"])
    for at in range(0, len(sealed), 29):
        forged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        report.ring.write_text(json.dumps(value | {"sealed": forged.hex()}))
        assert code_of(lambda: opens(report.folder, {})) == "ring-unreadable"
    for cut in (b"", sealed[:5], sealed[:12], sealed[:20]):
        report.ring.write_text(json.dumps(value | {"sealed": cut.hex()}))
        assert code_of(lambda: opens(report.folder, {})) == "ring-unreadable"


def test_a_lost_token_is_made_good_by_a_backup_in_another_token(tmp_path, module, monkeypatch):
    report = sealed_by_token(tmp_path, module)
    cells = with_people(report.folder, 2)
    backed_up(report.folder, tmp_path / "shop.keys")
    lose_ring(tmp_path)
    monkeypatch.setenv("TAGWARDEN_KEYS_PKCS11_TOKEN", "other")
    put_back(report.folder, tmp_path / "shop.keys")
    assert json.loads(report.ring.read_text())["level"] == "pkcs11"
    assert opens(report.folder, cells) == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [("PinLocked", "pkcs11-locked"), ("DeviceRemoved", "pkcs11-failed")],
)
def test_a_token_that_is_locked_or_pulled_out_is_told(tmp_path, module, monkeypatch, answer, code):
    import pkcs11

    def refuse(**_login):
        raise getattr(pkcs11, answer)

    shop = sealed_by_token(tmp_path, module).folder
    monkeypatch.setattr(
        "governance.vault.token._token", lambda *_: types.SimpleNamespace(open=refuse)
    )
    assert code_of(lambda: opens(shop, {})) == code


def test_without_a_module_or_a_token_nothing_is_made(tmp_path, module, monkeypatch):
    mine = tmp_path / "lib" / "mine.so"
    mine.parent.mkdir()
    shutil.copy(module, mine)
    mine.chmod(0o666)
    faults = {
        "pkcs11-module-mode": {"module": str(mine)},
        "pkcs11-token": {"module": module, "label": "none"},
        "passphrase-missing": {"module": module, "passphrase_from": ""},
    }
    for code, given in faults.items():
        assert code_of(lambda given=given: sealed_by_token(tmp_path, **given)) == code
        assert not (tmp_path / "shop").exists()
    mine.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    for path in ("", "lib/mine.so", "/nowhere.so", str(pin_file(tmp_path))):
        assert code_of(lambda path=path: sealed_by_token(tmp_path, path)) == "pkcs11-module"
    assert not (tmp_path / "shop").exists()


def test_without_its_package_the_level_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    assert code_of(lambda: sealed_by_token(tmp_path, "/nowhere.so")) == "pkcs11-not-installed"
    assert not (tmp_path / "shop").exists()
