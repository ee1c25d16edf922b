# SPDX-License-Identifier: Apache-2.0
"""The primitives under our formats meet published vectors: Wycheproof, RFC 8452, 8998, 9106, 5869.

None of these files may be skipped in silence: each count is written down.
"""

import hmac
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from governance.vault.rootkey import derive
from governance.vault.sealing import GCM, GCM_SIV, SM4, _hmac_sm3, field_key
from governance.vault.sm4 import SM4GCM

FOLDER = Path(__file__).parents[2] / "vectors" / "wycheproof"


def cases(name, **wanted):
    """Yield the cases of a file, each with its group, as far as the group has what is wanted."""
    for group in json.loads((FOLDER / f"{name}_test.json").read_text("utf-8"))["testGroups"]:
        if all(group[key] == value for key, value in wanted.items()):
            for case in group["tests"]:
                yield group | case


def unhex(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


@pytest.mark.parametrize(
    ("name", "cipher", "count"),
    [("aes_gcm", AESGCM, 197), ("aes_gcm_siv", AESGCMSIV, 202), ("sm4_gcm", SM4GCM, 65)],
)
def test_ciphers_seal_and_refuse_as_published(name, cipher, count):
    seen = 0
    for case in cases(name, ivSize=96, tagSize=128):
        seen += 1
        key, nonce, aad, plain, text, tag = unhex(case, "key", "iv", "aad", "msg", "ct", "tag")
        if case["result"] == "valid":
            assert cipher(key).encrypt(nonce, plain, aad) == text + tag, case["tcId"]
            assert cipher(key).decrypt(nonce, text + tag, aad) == plain, case["tcId"]
        else:
            with pytest.raises(InvalidTag):
                cipher(key).decrypt(nonce, text + tag, aad)
    assert seen == count


@pytest.mark.parametrize(
    ("name", "mac"),
    [
        ("hmac_sha256", lambda key, message: hmac.digest(key, message, "sha256")),
        ("hmac_sha512", lambda key, message: hmac.digest(key, message, "sha512")),
        ("hmac_sm3", _hmac_sm3),
    ],
)
def test_macs_are_as_published(name, mac):
    seen = 0
    for case in cases(name):
        seen += 1
        key, message, tag = unhex(case, "key", "msg", "tag")
        found = mac(key, message)[: case["tagSize"] // 8]
        assert hmac.compare_digest(found, tag) == (case["result"] == "valid"), case["tcId"]
    assert seen == 174


def test_hkdf_is_as_published():
    seen = 0
    for case in cases("hkdf_sha512"):
        seen += 1
        ikm, salt, info, okm = unhex(case, "ikm", "salt", "info", "okm")
        if case["result"] == "valid":
            assert HKDF(SHA512(), case["size"], salt, info).derive(ikm) == okm, case["tcId"]
        else:
            with pytest.raises(ValueError, match=r"length|large"):
                HKDF(SHA512(), case["size"], salt, info).derive(ikm)
    assert seen == 83


def test_signatures_are_as_published():
    seen = 0
    for case in cases("ed25519"):
        seen += 1
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(case["publicKey"]["pk"]))
        message, signature = unhex(case, "msg", "sig")
        if case["result"] == "valid":
            key.verify(signature, message)
        else:
            with pytest.raises(InvalidSignature):
                key.verify(signature, message)
    assert seen == 151


@pytest.mark.parametrize("suite", [GCM, GCM_SIV])
def test_the_field_key_is_hkdf_expand(suite):
    expand = HKDFExpand(SHA512(), 64, b"UTG1 field" + bytes((suite,)))
    key, commitment = field_key(b"\x22" * 32, suite)
    assert expand.derive(b"\x22" * 32) == key + commitment


def test_the_field_key_of_the_third_suite_is_hkdf_expand_with_sm3():
    from cryptography.hazmat.primitives.hashes import SM3

    expand = HKDFExpand(SM3(), 64, b"UTG1 field\x03")
    key, commitment = field_key(b"\x22" * 32, SM4)
    assert expand.derive(b"\x22" * 32) == key + commitment


def test_sm4_gcm_meets_rfc_8998():
    key, nonce = (
        bytes.fromhex("0123456789abcdeffedcba9876543210"),
        bytes.fromhex("00001234567800000000abcd"),
    )
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    assert SM4GCM(key).encrypt(nonce, plain, aad).hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )


def test_argon2id_meets_rfc_9106():
    kdf = Argon2id(
        salt=b"\2" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        ad=b"\4" * 12,
        secret=b"\3" * 8,
    )
    assert kdf.derive(b"\1" * 32).hex() == (
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )


def test_a_passphrase_becomes_a_key_with_64_mib_three_passes_and_four_lanes():
    kdf = Argon2id(salt=b"s" * 16, length=32, iterations=3, lanes=4, memory_cost=65536)
    assert derive(b"correct horse", b"s" * 16) == kdf.derive(b"correct horse")
