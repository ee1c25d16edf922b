# SPDX-License-Identifier: Apache-2.0
"""Sealed cells: the published formats to the byte, and no way to open them elsewhere."""

import hmac
from dataclasses import dataclass
from itertools import permutations, product

import pytest

from audit.errors import Tampered
from governance.vault.sealing import (
    GCM,
    GCM_SIV,
    SM4,
    DataKey,
    EpochKey,
    KeyRecord,
    Place,
    field_key,
    new_key,
    open_key,
    pseudonym_key,
    rewrap,
    seal,
    unseal,
)

TENANT = bytes(range(16))
SID = bytes(range(16, 32))
NONCE = b"\x33" * 12
EPOCH = EpochKey.of(1, b"\x11" * 32)
RECORD, KEY = new_key(EPOCH, TENANT, SID, secret=b"\x22" * 32, nonce=NONCE)
PLACE = Place(7, 3, SID)
CELL = seal(KEY, PLACE, b"hello", NONCE)


@dataclass(frozen=True)
class Sealed:
    """The golden values in one suite."""

    epoch: EpochKey
    record: KeyRecord
    key: DataKey
    cell: bytes


def in_suite(suite):
    epoch = EpochKey.of(1, b"\x11" * 32, suite)
    record, key = new_key(epoch, TENANT, SID, secret=b"\x22" * 32, nonce=NONCE)
    return Sealed(epoch, record, key, seal(key, PLACE, b"hello", NONCE))


@pytest.fixture(params=[GCM, GCM_SIV, SM4], ids=["aes-gcm", "aes-gcm-siv", "sm4"])
def made(request):
    return in_suite(request.param)


def does_not_open(work):
    with pytest.raises(Tampered) as caught:
        work()
    assert caught.value.code == "unsealing-failed"
    return str(caught.value), caught.value.hint, caught.value.__cause__


def test_the_golden_vector_is_met_byte_for_byte():
    key, commitment = field_key(b"\x22" * 32, GCM_SIV)
    assert key.hex() == "fe32be6265bec7fb6fbe681610633bbf14cbcb6cc3e79e0440acbcce5a0d1e23"
    assert commitment.hex() == "4a429c422d5e62ad54031075467629ef97749a238206610a358fad8d3e4c5238"
    assert CELL.hex() == (
        "55010200000001333333333333333333333333e0dc40c1e255ff88767d95e5366564de0f3393e9cb"
    )
    assert (len(RECORD.wrapped), RECORD.commitment) == (60, commitment)


def test_the_secret_of_pseudonyms_is_made_of_the_data_key_and_of_nothing_else(made):
    expected = hmac.digest(b"\x22" * 32, b"UTG1aref", "sha256")
    other = EpochKey.of(2, b"\x44" * 32, made.epoch.suite)
    moved = rewrap(made.epoch, other, TENANT, SID, made.record, nonce=NONCE)
    assert pseudonym_key(made.epoch, TENANT, SID, made.record) == expected
    assert pseudonym_key(other, TENANT, SID, moved) == expected
    forged = made.record._replace(commitment=bytes(32))
    does_not_open(lambda: pseudonym_key(made.epoch, TENANT, SID, forged))
    does_not_open(lambda: pseudonym_key(other, TENANT, SID, made.record))


def test_the_vector_of_the_third_suite_is_met_byte_for_byte():
    """Field key and commitment are HMAC-SM3 chains: HKDF-Expand with SM3 over the same info."""
    sm4 = in_suite(SM4)
    key, commitment = field_key(b"\x22" * 32, SM4)
    assert key.hex() == "2a53018cc1a730541132f8e4a456346626f63e0198f886ecc99fe524e05ac71d"
    assert commitment.hex() == "03f626c6978f1234ab4824bd6712a2e3b2a38dad614ec54fdeb08d7c3335da1a"
    assert sm4.cell.hex() == (
        "5501030000000133333333333333333333333300d878ac5afc754e852ef2566468ce3f2020faeb80"
    )
    assert (len(sm4.record.wrapped), sm4.record.commitment) == (60, commitment)


def test_a_cell_opens_at_its_place_under_the_key_of_its_record(made):
    key = open_key(made.epoch, TENANT, SID, made.record)
    assert unseal(key, PLACE, made.cell) == b"hello"
    assert made.cell[2] == made.record.suite == key.suite


def test_nothing_may_be_sealed_too(made):
    assert unseal(made.key, PLACE, seal(made.key, PLACE, b"", NONCE)) == b""


@pytest.mark.parametrize(("one", "other"), list(permutations([GCM, GCM_SIV, SM4], 2)))
def test_suites_do_not_mix_whatever_the_cell_says(one, other):
    one, other = in_suite(one), in_suite(other)
    does_not_open(lambda: unseal(one.key, PLACE, other.cell))
    renamed = other.cell[:2] + one.cell[2:3] + other.cell[3:]
    does_not_open(lambda: unseal(one.key, PLACE, renamed))
    does_not_open(lambda: open_key(other.epoch, TENANT, SID, one.record))
    renamed = one.record._replace(suite=other.record.suite)
    does_not_open(lambda: open_key(one.epoch, TENANT, SID, renamed))


@pytest.mark.law("GDPR-32")
def test_every_flipped_bit_of_a_cell_is_refused(made):
    for bit in range(len(made.cell) * 8):
        forged = bytearray(made.cell)
        forged[bit // 8] ^= 1 << bit % 8
        does_not_open(lambda cell=bytes(forged): unseal(made.key, PLACE, cell))


def test_every_shortened_or_lengthened_cell_is_refused(made):
    for size in range(len(made.cell)):
        does_not_open(lambda cell=made.cell[:size]: unseal(made.key, PLACE, cell))
    does_not_open(lambda: unseal(made.key, PLACE, made.cell + b"\0"))


@pytest.mark.law("GDPR-32")
def test_a_cell_moved_to_any_other_place_is_refused(made):
    """A 3 x 3 x 3 matrix of tenant, person and table, by class, row and schema (threat 1)."""
    tenants, sids = (TENANT, b"t" * 16, b"T" * 16), (SID, b"s" * 16, b"S" * 16)
    for tenant, sid, table, class_id, row, schema in product(
        tenants, sids, (7, 8, 9), (3, 4), (SID, b"r" * 16), (1, 2)
    ):
        key, place = made.key._replace(tenant=tenant, sid=sid), Place(table, class_id, row, schema)
        if (tenant, sid, place) == (TENANT, SID, PLACE):
            continue
        does_not_open(lambda key=key, place=place: unseal(key, place, made.cell))


def test_every_flipped_bit_of_a_key_record_is_refused(made):
    for name in ("wrapped", "commitment"):
        value = getattr(made.record, name)
        for bit in range(len(value) * 8):
            forged = bytearray(value)
            forged[bit // 8] ^= 1 << bit % 8
            record = made.record._replace(**{name: bytes(forged)})
            does_not_open(lambda record=record: open_key(made.epoch, TENANT, SID, record))


def test_a_ciphertext_made_to_open_under_two_keys_is_refused():
    """GCM does not commit to its key: a wrap that two keys open would be two data keys in one."""
    for epoch, secret in ((EPOCH, b"\x22" * 32), (EpochKey.of(1, b"\x12" * 32), b"\x23" * 32)):
        record, _ = new_key(epoch, TENANT, SID, secret=secret, nonce=NONCE)
        both = record._replace(commitment=RECORD.commitment, wrapped=record.wrapped)
        if both != RECORD:
            does_not_open(lambda epoch=epoch, both=both: open_key(epoch, TENANT, SID, both))


def test_a_key_wrapped_anew_is_the_same_key_under_the_other_epoch(made):
    new = EpochKey.of(2, b"\x13" * 32, made.epoch.suite)
    record = rewrap(made.epoch, new, TENANT, SID, made.record, nonce=b"\x34" * 12)
    assert (record.kek_id, record.commitment) == (2, made.record.commitment)
    assert unseal(open_key(new, TENANT, SID, record), PLACE, made.cell) == b"hello"
    does_not_open(lambda: open_key(made.epoch, TENANT, SID, record))
    forged = made.record._replace(wrapped=bytes(60))
    does_not_open(lambda: rewrap(made.epoch, new, TENANT, SID, forged, nonce=b"\x34" * 12))
    does_not_open(lambda: rewrap(None, new, TENANT, SID, made.record, nonce=b"\x34" * 12))


@pytest.mark.parametrize(
    "record",
    [
        RECORD._replace(ver=2),
        RECORD._replace(kek_id=2),
        RECORD._replace(suite=GCM),
        RECORD._replace(suite=9),
        RECORD._replace(wrapped=RECORD.wrapped[:-1]),
        RECORD._replace(commitment=b""),
    ],
)
def test_a_record_with_another_version_key_or_suite_is_refused(record):
    does_not_open(lambda: open_key(EPOCH, TENANT, SID, record))


def test_a_record_of_somebody_else_is_refused():
    does_not_open(lambda: open_key(EPOCH, TENANT, b"s" * 16, RECORD))
    does_not_open(lambda: open_key(EPOCH, b"t" * 16, SID, RECORD))
    does_not_open(lambda: open_key(EpochKey.of(1, b"\x12" * 32), TENANT, SID, RECORD))
    does_not_open(lambda: open_key(None, TENANT, SID, RECORD))


def test_a_commitment_that_was_wrapped_but_is_not_the_keys_is_refused():
    """Whoever holds the epoch key could bind a false commitment: the key itself gives it away."""
    bound = b"UTG1dek\0" + b"\0\0\0\1" + b"\2" + TENANT + SID + b"\0\0\0\1" + b"c" * 32
    wrapped = NONCE + EPOCH.cipher.encrypt(NONCE, b"\x22" * 32, bound)
    record = KeyRecord(1, 1, GCM_SIV, wrapped, b"c" * 32)
    does_not_open(lambda: open_key(EPOCH, TENANT, SID, record))


def test_whatever_is_wrong_the_fault_is_the_same():
    faults = {
        does_not_open(lambda: unseal(KEY, PLACE, CELL[:-1] + b"\0")),
        does_not_open(lambda: unseal(KEY, Place(7, 4, SID), CELL)),
        does_not_open(lambda: unseal(KEY, PLACE, b"")),
        does_not_open(lambda: open_key(EPOCH, TENANT, b"s" * 16, RECORD)),
        does_not_open(lambda: open_key(None, TENANT, SID, RECORD)),
    }
    assert len(faults) == 1


def test_an_empty_tenant_seals_nothing():
    does_not_open(lambda: seal(KEY._replace(tenant=b""), PLACE, b"hello", NONCE))


def test_no_secret_shows_in_what_is_printed_of_a_key():
    for thing in (EPOCH, RECORD, KEY, PLACE):
        shown = f"{thing!r} {thing}"
        for secret in (
            b"\x11" * 32,
            b"\x22" * 32,
            RECORD.wrapped,
            SID,
            field_key(b"\x22" * 32, 2)[0],
        ):
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown
