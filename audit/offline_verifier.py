# SPDX-License-Identifier: Apache-2.0
"""Checks what an evidence log has handed out, without the log and without its software.

One file, to be read before it is run; it needs Python and the package `cryptography`, and nothing of
tagwarden. Written apart from the log's own code, by the definitions of RFC 9162 section 2.1 and C2SP
(signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof).

    python offline_verifier.py tiles FOLDER --keys KEYS
    python offline_verifier.py proof FILE --keys KEYS
    python offline_verifier.py certificate FILE --keys KEYS
    python offline_verifier.py pack FILE --keys KEYS            (beside it: FILE.tlog-proof)
    python offline_verifier.py consistency OLD NEW --tiles FOLDER --keys KEYS

KEYS is a file with one verifier key on each line, got from the operator once and kept. A checkpoint
counts when every one of these keys has signed it. Ends with 0 when all holds, with 1 when not.
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
ED25519, ML_DSA_44 = 1, 6


class RejectedError(Exception):
    """What does not hold, in one sentence."""


class Key(NamedTuple):
    """A verifier key: whose, in short (4 bytes), of which kind, and the key itself."""

    name: str
    short: bytes
    kind: int
    public: bytes


class Note(NamedTuple):
    """A checkpoint: of which log, over how many entries, their root."""

    origin: str
    size: int
    root: bytes


def read_keys(path: Path) -> list[Key]:
    """Return the verifier keys of a file."""
    keys = []
    for line in path.read_text("ascii").split():
        name, short, material = line.split("+", 2)
        raw = unbase64(material)
        key = Key(name, bytes.fromhex(short), raw[0], raw[1:])
        if sha256(f"{name}\n".encode() + raw).digest()[:4] != key.short:
            raise RejectedError("a verifier key does not fit its own number")
        keys.append(key)
    if not keys:
        raise RejectedError("there are no verifier keys")
    return keys


def read_checkpoint(note: bytes, keys: list[Key]) -> Note:
    """Return what a checkpoint says when every key has signed it and one of them is the log's."""
    body, _, below = note.decode("utf-8").rpartition("\n\n")
    lines = body.split("\n")
    if len(lines) != 3 or not below.endswith("\n"):
        raise RejectedError("this is no checkpoint")
    found = Note(lines[0], decimal(lines[1]), unbase64(lines[2]))
    if len(found.root) != 32 or found.origin not in [key.name for key in keys]:
        raise RejectedError("the checkpoint is of another log")
    signatures: dict[tuple[str, bytes], bytes] = {}
    for line in below[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        raw = unbase64(encoded)
        if dash != "—" or (name, raw[:4]) in signatures:
            raise RejectedError("a line of signature is not as it should be")
        signatures[name, raw[:4]] = raw[4:]
    for key in keys:
        check_signature(key, signatures.get((key.name, key.short)), found, f"{body}\n".encode())
    return found


def check_signature(key: Key, signature: bytes | None, note: Note, text: bytes) -> None:
    """Raise RejectedError unless this key made this signature over the checkpoint."""
    if signature is None:
        raise RejectedError(f"a key of {key.name} has not signed the checkpoint")
    try:
        if key.kind == ED25519:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
        elif key.kind == ML_DSA_44:
            verify_lasting(key, signature, note)
        else:
            raise RejectedError(f"keys of kind {key.kind} are not known here")
    except InvalidSignature:
        raise RejectedError(f"a signature of {key.name} is false") from None


def verify_lasting(key: Key, signature: bytes, note: Note) -> None:
    """Check an ML-DSA-44 signature (C2SP tlog-cosignature: `subtree/v1`, after 8 bytes of time)."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415

        public = mldsa.MLDSA44PublicKey.from_public_bytes(key.public)
    except (ImportError, UnsupportedAlgorithm):
        raise RejectedError(
            "this version of cryptography has no ML-DSA: take version 50, or only the first key"
        ) from None
    who, origin = key.name.encode(), note.origin.encode()
    signed = b"subtree/v1\n\0" + bytes([len(who)]) + who + signature[:8]
    signed += bytes([len(origin)]) + origin + bytes(8) + note.size.to_bytes(8, "big") + note.root
    public.verify(signature[8:], signed)


def merkle_root(hashes: list[bytes]) -> bytes:
    """Return the root over hashes: join neighbours, level by level; an odd last one moves up."""
    if not hashes:
        return sha256(b"").digest()
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return hashes[0]


def root_from_path(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """Return the root that an inclusion path leads to, by the definition of PATH (RFC 9162 2.1.3)."""
    if size == 1:
        if path:
            raise RejectedError("the path is too long")
        return leaf
    if not path:
        raise RejectedError("the path is too short")
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        below = root_from_path(index, left, leaf, path[:-1])
        return sha256(b"\1" + below + path[-1]).digest()
    below = root_from_path(index - left, size - left, leaf, path[:-1])
    return sha256(b"\1" + path[-1] + below).digest()


def check_certificate(path: Path, keys: list[Key]) -> str:
    """Return what the certificate of an erasure says, when the log has its digest."""
    extra, _, log = read_proof(path, keys, lambda extra: plain(json.loads(extra)["entry"]))
    value = json.loads(extra)
    body, entry = value["certificate"], value["entry"]
    if set(value) != {"certificate", "entry"} or plain(value) != extra:
        raise RejectedError("the file does not hold a certificate and its entry, in one spelling")
    said = entry["obj"]
    if entry["act"] != "erasure.certified" or said["digest"] != sha256(plain(body)).hexdigest():
        raise RejectedError("the entry of the log is not about this certificate")
    same = (entry["req"], said["certificate"]) == (body["request"], body["cert"])
    if not same or body["log"] != log.origin:
        raise RejectedError("the certificate is of another request or another log")
    return f"certificate of request {body['request']}: {plain(body).decode('utf-8')}"


def check_pack(path: Path, keys: list[Key]) -> str:
    """Return what a pack shows: every file as it was logged, entries of this log, which only grew."""
    proof = path.with_name(f"{path.name}.tlog-proof")
    extra, _, log = read_proof(proof, keys, lambda extra: plain(json.loads(extra)["entry"]))
    value, packed = json.loads(extra), sha256(path.read_bytes()).hexdigest()
    if value["entry"]["act"] != "audit.packed" or value["entry"]["obj"]["sha256"] != packed:
        raise RejectedError("the entry of the log is not about this pack")
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    if {name: sha256(data).hexdigest() for name, data in files.items()} != manifest["files"]:
        raise RejectedError("the files of the pack are not those of its manifest")
    raw, first = files["log/leaves"], manifest["log"]["first"]
    leaves = [raw[at : at + 32] for at in range(0, len(raw), 32)]
    entries = files["log/entries.jsonl"].splitlines()
    if leaves[first:] != [sha256(b"\0" + line).digest() for line in entries]:
        raise RejectedError("the entries of the pack are not those of its log")
    there = {name for name in files if name.startswith("reports/") and name.endswith(".json")}
    if {name: sha256(files[name]).hexdigest() for name in there} != reports_made(entries):
        raise RejectedError("the reports of the pack are not those that its entries name")
    if grown(leaves, log.size, [unbase64(one) for one in value["growth"]]) != log.root:
        raise RejectedError("the log of the pack is not the one that was signed")
    said = f"entries {first} to {len(leaves) - 1}" if entries else "no entry"
    return f"pack of {manifest['from']} to {manifest['to']}: {len(files)} files, {said} of the log"


def reports_made(entries: list[bytes]) -> dict[str, str]:
    """Return the file and SHA-256 of each report that entries name; `audit.given` gives an old one."""
    said = [one for one in map(json.loads, entries) if one["act"].startswith("audit.")]
    made = [one["obj"] for one in said if "report" in one["obj"] and one["act"] != "audit.given"]
    return {f"reports/{one['report']}.json": one["sha256"] for one in made}


def grown(leaves: list[bytes], size: int, path: list[bytes]) -> bytes:
    """Return the root of a log that has grown from these leaves, by SUBPROOF (RFC 9162 2.1.4)."""
    if len(leaves) == size:
        return merkle_root(leaves)
    left = 1 << (size - 1).bit_length() - 1
    if len(leaves) <= left:
        return sha256(b"\1" + grown(leaves, left, path[:-1]) + path[-1]).digest()
    right = grown(leaves[left:], size - left, path[:-1])
    return sha256(b"\1" + merkle_root(leaves[:left]) + right).digest()


def plain(value: object) -> bytes:
    """Return the one spelling of a JSON value: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def check_proof(path: Path, keys: list[Key]) -> str:
    """Return what a proof file shows; raises RejectedError when it shows nothing."""
    entry, index, found = read_proof(path, keys, lambda extra: extra)
    return f"entry {index} of {found.size}: {entry.decode('utf-8')}"


def read_proof(
    path: Path, keys: list[Key], entry_in: Callable[[bytes], bytes]
) -> tuple[bytes, int, Note]:
    """Return what a proof carries, from which `entry_in` takes the entry, its number and checkpoint."""
    head, gap, note = path.read_bytes().partition(b"\n\n")
    lines = head.decode("ascii").split("\n")
    if not gap or len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1":
        raise RejectedError("this is no proof of an entry")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise RejectedError("the proof does not hold its entry")
    extra, index = unbase64(lines[1][6:]), decimal(lines[2][6:])
    hashes = [unbase64(line) for line in lines[3:]]
    found = read_checkpoint(note, keys)
    if index >= found.size or any(len(one) != 32 for one in hashes):
        raise RejectedError("the proof does not fit its checkpoint")
    leaf = sha256(b"\0" + entry_in(extra)).digest()
    if root_from_path(index, found.size, leaf, hashes) != found.root:
        raise RejectedError("the entry is not in the log at this place")
    return extra, index, found


def tile_path(level: str, number: int, width: int) -> str:
    """Return the name of a tile: three digits to a folder, all but the last with an x before."""
    digits = f"{number:0{-(-len(str(number)) // 3) * 3}}"
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    place = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{place}" + ("" if width == WIDTH else f".p/{width}")


def read_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle, each of which stands after its length."""
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if len(data) < max(start, at):
            raise RejectedError("a bundle of entries is cut off")
        entries.append(data[start:at])
    return entries


def read_entries(folder: Path, number: int, width: int) -> list[bytes]:
    """Return the first `width` entries of a bundle, from its file or from a longer one."""
    for wide in (width, *range(width + 1, WIDTH + 1)):
        path = folder / tile_path("entries", number, wide)
        if path.is_file():
            entries = read_bundle(path.read_bytes())
            if len(entries) != wide:
                raise RejectedError(f"{path.name} does not hold {wide} entries")
            return entries[:width]
    raise RejectedError(f"entries from {number * WIDTH} on are missing")


def read_leaves(folder: Path, size: int) -> list[bytes]:
    """Return the leaf hashes of the first `size` entries, from the entries themselves."""
    starts = range(0, size, WIDTH)
    parts = (read_entries(folder, at // WIDTH, min(WIDTH, size - at)) for at in starts)
    return [sha256(b"\0" + entry).digest() for entries in parts for entry in entries]


def check_tiles(folder: Path, keys: list[Key]) -> str:
    """Return what an exported log shows: every file is there, fits, and nothing else is there."""
    found = read_checkpoint((folder / "checkpoint").read_bytes(), keys)
    leaves = read_leaves(folder, found.size)
    if merkle_root(leaves) != found.root:
        raise RejectedError("the entries are not those of the checkpoint")
    levels: dict[str, list[bytes]] = {}
    hashes = leaves
    while hashes:
        levels[str(len(levels))] = hashes
        full = range(0, len(hashes) - WIDTH + 1, WIDTH)
        hashes = [merkle_root(hashes[at : at + WIDTH]) for at in full]
    wanted = {"checkpoint"}
    for level, values in [*levels.items(), ("entries", leaves)]:
        for at in range(0, len(values), WIDTH):
            wanted.add(tile_path(level, at // WIDTH, min(WIDTH, len(values) - at)))
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    if missing := wanted - present:
        raise RejectedError(f"{min(missing)} is missing")
    for name in sorted(present - {"checkpoint"}):
        check_file(folder, name, levels, leaves)
    return f"{found.size} entries, every file as the checkpoint says"


def check_file(
    folder: Path, name: str, levels: dict[str, list[bytes]], leaves: list[bytes]
) -> None:
    """Raise RejectedError unless a file is a tile or a bundle of this log (an older part counts)."""
    level, number, width = parse_name(name)
    values = leaves if level == "entries" else levels.get(level, [])
    expected = values[number * WIDTH : number * WIDTH + width]
    data = (folder / name).read_bytes()
    if level == "entries":
        hashes = [sha256(b"\0" + entry).digest() for entry in read_bundle(data)]
    else:
        hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
    if len(expected) != width or hashes != expected:
        raise RejectedError(f"{name} is not what the entries say")


def parse_name(name: str) -> tuple[str, int, int]:
    """Return level, number and width of a tile or bundle."""
    top, level, *groups = name.split("/")
    width = WIDTH
    if len(groups) > 1 and groups[-2].endswith(".p"):
        width = decimal(groups.pop())
        groups[-1] = groups[-1].removesuffix(".p")
    number = int("".join(group.removeprefix("x") for group in groups))
    if top != "tile" or not 0 < width <= WIDTH or tile_path(level, number, width) != name:
        raise RejectedError(f"{name} does not belong there")
    return level, number, width


def check_consistency(old: Path, new: Path, folder: Path, keys: list[Key]) -> str:
    """Return that the newer checkpoint goes on from the older; both roots are computed anew."""
    before = read_checkpoint(old.read_bytes(), keys)
    after = read_checkpoint(new.read_bytes(), keys)
    if before.size > after.size or before.origin != after.origin:
        raise RejectedError("the newer checkpoint is over fewer entries, or of another log")
    leaves = read_leaves(folder, after.size)
    if merkle_root(leaves) != after.root:
        raise RejectedError("the entries are not those of the newer checkpoint")
    if merkle_root(leaves[: before.size]) != before.root:
        raise RejectedError("the log was changed: its first entries are not those of the older one")
    return f"{before.size} entries unchanged, {after.size - before.size} added"


def unbase64(text: str) -> bytes:
    """Return the bytes of standard base64 in its one right spelling."""
    data = b64decode(text, validate=True)
    if not text or b64encode(data).decode() != text:
        raise RejectedError("base64 in a wrong spelling")
    return data


def decimal(text: str) -> int:
    """Return a number written without sign and without leading zeroes."""
    if not text.isascii() or not text.isdigit() or str(int(text)) != text or int(text) >= 2**63:
        raise RejectedError("a number in a wrong spelling")
    return int(text)


CHECKS: dict[str, tuple[Callable[[Path, list[Key]], str], str]] = {
    "tiles": (check_tiles, "a folder with the whole log"),
    "proof": (check_proof, "a proof that one entry is in the log"),
    "certificate": (check_certificate, "the certificate of an erasure"),
    "pack": (check_pack, "what an auditor was given of a period"),
}


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names; returns 0 when it holds, 1 when not."""
    parser = argparse.ArgumentParser(description="Checks what an evidence log has handed out.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, what) in CHECKS.items():
        commands.add_parser(name, help=what).add_argument("file", type=Path)
    growth = commands.add_parser("consistency", help="an old and a new checkpoint")
    growth.add_argument("old", type=Path)
    growth.add_argument("new", type=Path)
    growth.add_argument("--tiles", type=Path, required=True)
    for command in commands.choices.values():
        command.add_argument("--keys", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        keys = read_keys(given.keys)
        if given.command == "consistency":
            shown = check_consistency(given.old, given.new, given.tiles, keys)
        else:
            shown = CHECKS[given.command][0](given.file, keys)
    except (RejectedError, ValueError, LookupError, TypeError, OSError, BadZipFile) as error:
        why = str(error) if isinstance(error, RejectedError) else f"unreadable ({error})"
        sys.stdout.write(f"FALSE: {why}\n")
        return 1
    sys.stdout.write(f"good: {shown}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
