# SPDX-License-Identifier: Apache-2.0
"""How a log lies in files that anybody can fetch: tiles of 256 hashes, bundles of 256 entries.

Names and formats are those of C2SP tlog-tiles. A tile of level 0 holds leaf hashes, one of a higher
level the roots of the full tiles below it.
"""

from collections.abc import Iterator, Sequence

WIDTH = 256
_BITS = 8


def full_tiles(before: int, after: int) -> Iterator[tuple[int, int]]:
    """Yield (level, number) of each tile that becomes full as a log grows, lower levels first."""
    level = 0
    while after := after >> _BITS:
        before >>= _BITS
        yield from ((level, number) for number in range(before, after))
        level += 1


def tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, number, width) of each tile of a log, the partial ones at the right too."""
    level = 0
    while size:
        full, rest = divmod(size, WIDTH)
        yield from ((level, number, WIDTH) for number in range(full))
        if rest:
            yield level, full, rest
        size, level = full, level + 1


def tile_name(level: int | str, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile, or with the level `entries` of a bundle: `tile/0/x001/067.p/5`."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries one after the other, each after its length (2 bytes, big-endian)."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def place(height: int, index: int) -> tuple[int, int, int]:
    """Return where a complete subtree lies: the level of its tile, its first hash there, their count."""
    level, inside = divmod(height, _BITS)
    return level, index << inside, 1 << inside
