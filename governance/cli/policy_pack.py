# SPDX-License-Identifier: Apache-2.0
"""The packs that a command means: a file, `regime@version`, or the law of the workspace around."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from governance.law import Law
    from policies.rules import Pack


def pack_meant(operand: str, regime: str | None = None) -> "Pack":
    """Return the pack that an operand means: a file with a pack or an overlay, or regime[@version].

    `regime` chooses among several packs of a file. Raises BadInput or NotFound.
    """
    from audit.errors import NotFound
    from policies.packs import in_force, library, pack_of

    if Path(operand).suffix in (".yaml", ".yml") or Path(operand).is_file():
        return _from_file(Path(operand), regime)
    name, _, version = operand.partition("@")
    newest = pack_of(name)
    if not version or newest.version == version:
        return newest
    others = [pack for pack in library() if pack.regime != newest.regime]
    for pack in library():
        if pack.regime == newest.regime and pack.version == version:
            return in_force([*others, pack]).get(name, pack)
    versions = [pack.version for pack in library() if pack.regime == newest.regime]
    raise NotFound(
        "unknown-version",
        f"there is no version {version} of {name}",
        hint="versions: " + ", ".join(versions),
    )


def law_meant(where: Path | None, overlays: list[Path] | None, at: "date | None" = None) -> "Law":
    """Return the law that counts: of the given workspace, or the one around; then the overlays.

    Without a workspace the packs of the product count. Raises BadInput with every problem.
    """
    from audit.errors import NotFound
    from governance.law import Law, law_in
    from governance.workspace import open_workspace
    from policies.overlays import read_overlays
    from policies.packs import packs

    law = Law(packs(at), at=at)
    try:
        ws = open_workspace(where)
    except NotFound:
        if where is not None:
            raise
    else:
        law = law_in(ws.paths.root, ws.settings, at)
    return Law(read_overlays(overlays, law.packs), law.role, at) if overlays else law


def _from_file(path: Path, regime: str | None) -> "Pack":
    from audit.errors import BadInput
    from policies.document import read_documents
    from policies.overlays import read_overlays
    from policies.packs import in_force, library, packs, read_packs
    from policies.rules import Pack

    documents = read_documents(path)
    kinds = {doc.value.get("kind") for doc in documents if isinstance(doc.value, dict)}
    found: Mapping[str, Pack]
    if kinds == {"PolicyOverlay"}:
        laid = read_overlays([path], packs())
        found = {name: pack for name, pack in laid.items() if pack is not packs()[name]}
    else:
        read = read_packs(path.read_bytes(), path.name)
        regimes = {pack.regime for pack in read}
        rest = [pack for pack in library() if pack.regime not in regimes]
        with_companions = in_force([*rest, *read])
        found = {str(pack.regime): with_companions.get(str(pack.regime), pack) for pack in read}
    if regime is not None and regime in found:
        return found[regime]
    if len(found) != 1:
        raise BadInput(
            "several-packs",
            f"{path.name} speaks of {', '.join(found)}",
            hint="name one that both sides have",
        )
    return next(iter(found.values()))
