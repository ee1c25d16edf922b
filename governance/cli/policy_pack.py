# SPDX-License-Identifier: Apache-2.0
"""The packs that a command means: a file, `regime@version`, or the law of the workspace around."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from policies.document import Document
    from policies.law import Law
    from policies.rules import Pack

    Lay = Callable[[Iterable[Document], Mapping[str, Pack]], Mapping[str, Pack]]


def pack_meant(operand: str, regime: str | None = None, lay: "Lay | None" = None) -> "Pack":
    """Return the pack that an operand means: a file with a pack or an overlay, or regime[@version].

    `regime` chooses among several packs of a file; `lay` lays overlays over packs, in a workspace
    together with those in force. Raises BadInput or NotFound.
    """
    from audit.errors import BadInput
    from policies import overlays
    from policies.packs import packs

    path = Path(operand)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        documents, found = _in_file(path)
    else:
        pack = _of_version(operand)
        documents, found = [], {str(pack.regime): pack}
    laid = (lay or overlays.lay)(documents, {**packs(), **found})
    found = {name: laid[name] for name in found}
    if regime is not None and regime in found:
        return found[regime]
    if len(found) != 1:
        raise BadInput(
            "several-packs",
            f"{path.name} speaks of {', '.join(found)}",
            hint="name one that both sides have",
        )
    return next(iter(found.values()))


def law_meant(where: Path | None, overlays: list[Path] | None, at: "date | None" = None) -> "Law":
    """Return the law that counts: of the given workspace, or the one around; then the overlays.

    Without a workspace the packs of the product count. Raises BadInput with every problem.
    """
    from governance.cli.lint import here
    from governance.law import laid, law_over
    from governance.overlay import read
    from policies.law import Law
    from policies.overlays import lay
    from policies.packs import packs

    ws, documents = here(where), read(overlays or ())
    if ws is None:
        return Law(lay(documents, packs(at)), at=at)
    with ws.store.read() as connection:
        law = law_over(connection, at)
        if not documents:
            return law
        return Law(laid(connection, documents, packs(at)), law.role, at)


def _of_version(operand: str) -> "Pack":
    from audit.errors import NotFound
    from policies.packs import in_force, library, pack_of

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


def _in_file(path: Path) -> "tuple[list[Document], dict[str, Pack]]":
    """Return the overlays in a file with the packs that they extend; or its own packs, by regime."""
    from policies.document import read_documents
    from policies.packs import in_force, library, packs, read_packs

    documents = read_documents(path)
    kinds = {doc.value.get("kind") for doc in documents if isinstance(doc.value, dict)}
    if kinds == {"PolicyOverlay"}:
        stated = [str(document.value.get("extends")) for document in documents]
        return documents, {name: packs()[name] for name in stated if name in packs()}
    read = read_packs(path.read_bytes(), path.name)
    regimes = {pack.regime for pack in read}
    rest = [pack for pack in library() if pack.regime not in regimes]
    with_companions = in_force([*rest, *read])
    return [], {str(pack.regime): with_companions.get(str(pack.regime), pack) for pack in read}
