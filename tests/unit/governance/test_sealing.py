# SPDX-License-Identifier: Apache-2.0
"""Sealed cells: the published formats to the byte, and no way to open them elsewhere."""

from dataclasses import replace
from itertools import product

import pytest

from audit.errors import Tampered
from governance.vault.sealing import (
    GCM,
    GCM_SIV,
    EpochKey,
    KeyRecord,
    Place,
    field_key,
    new_key,
    open_key,
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


def test_a_cell_opens_at_its_place_under_the_key_of_its_record():
    key = open_key(EPOCH, TENANT, SID, RECORD)
    assert unseal(key, PLACE, CELL) == b"hello"


def test_nothing_may_be_sealed_too():
    assert unseal(KEY, PLACE, seal(KEY, PLACE, b"", NONCE)) == b""


def test_the_other_suite_seals_as_well_and_the_two_do_not_mix():
    record, key = new_key(EPOCH, TENANT, SID, secret=b"\x22" * 32, nonce=NONCE, suite=GCM)
    cell = seal(key, PLACE, b"hello", NONCE)
    assert unseal(open_key(EPOCH, TENANT, SID, record), PLACE, cell) == b"hello"
    does_not_open(lambda: unseal(KEY, PLACE, cell))
    does_not_open(lambda: unseal(key, PLACE, CELL))


@pytest.mark.law("GDPR-32")
def test_every_flipped_bit_of_a_cell_is_refused():
    for bit in range(len(CELL) * 8):
        forged = bytearray(CELL)
        forged[bit // 8] ^= 1 << bit % 8
        does_not_open(lambda cell=bytes(forged): unseal(KEY, PLACE, cell))


def test_every_shortened_or_lengthened_cell_is_refused():
    for size in range(len(CELL)):
        does_not_open(lambda cell=CELL[:size]: unseal(KEY, PLACE, cell))
    does_not_open(lambda: unseal(KEY, PLACE, CELL + b"\0"))


@pytest.mark.law("GDPR-32")
def test_a_cell_moved_to_any_other_place_is_refused():
    tenants, sids = (TENANT, b"t" * 16), (SID, b"s" * 16)
    for tenant, sid, table, class_id, row, schema in product(
        tenants, sids, (7, 8), (3, 4), (SID, b"r" * 16), (1, 2)
    ):
        key, place = replace(KEY, tenant=tenant, sid=sid), Place(table, class_id, row, schema)
        if (tenant, sid, place) == (TENANT, SID, PLACE):
            continue
        does_not_open(lambda key=key, place=place: unseal(key, place, CELL))


def test_every_flipped_bit_of_a_key_record_is_refused():
    for name in ("wrapped", "commitment"):
        value = getattr(RECORD, name)
        for bit in range(len(value) * 8):
            forged = bytearray(value)
            forged[bit // 8] ^= 1 << bit % 8
            record = replace(RECORD, **{name: bytes(forged)})
            does_not_open(lambda record=record: open_key(EPOCH, TENANT, SID, record))


@pytest.mark.parametrize(
    "record",
    [
        replace(RECORD, ver=2),
        replace(RECORD, kek_id=2),
        replace(RECORD, suite=GCM),
        replace(RECORD, suite=9),
        replace(RECORD, wrapped=RECORD.wrapped[:-1]),
        replace(RECORD, commitment=b""),
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
    does_not_open(lambda: seal(replace(KEY, tenant=b""), PLACE, b"hello", NONCE))


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
