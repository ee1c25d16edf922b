# SPDX-License-Identifier: Apache-2.0
"""A package in the making: what stands before the sections, the sections one by one, the counts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from audit.clock import iso
from governance.access.schema import Controller, Head, PurposeOf, Withheld
from governance.access.section import Field, Plain, Section, Source, plain, word
from governance.access.sections import sections
from governance.access.words import COMPLAIN, RIGHTS
from governance.record.fields import span
from governance.registry import PLACES

Language = Literal["en", "zh"]
Row = Mapping[str, Plain]
API_VERSION: Final = "tagwarden/v1"


@dataclass(slots=True)
class Package:
    """What is stored about one person, read as it is written: no section is ever held whole."""

    source: Source
    language: Language
    portable: bool
    counts: Counter[str] = field(default_factory=Counter)
    """Place → records so far; complete when every part has been read."""

    def head(self) -> Head:
        """Return what stands before the sections."""
        settings = self.source.ws.settings
        return Head(
            apiVersion=API_VERSION,
            kind="PortablePackage" if self.portable else "AccessPackage",
            language=self.language,
            made=iso(self.source.at),
            controller=Controller(
                name=settings.text("controller.name") or settings.text("workspace.name"),
                contact=settings.text("controller.contact"),
                officer=settings.text("controller.dpo"),
            ),
            law=word("regime", self.source.regime).in_(self.language),
            rights=[text.in_(self.language) for text in RIGHTS.get(self.source.regime, ())],
            complain=COMPLAIN[self.source.regime].in_(self.language)
            if self.source.regime in COMPLAIN
            else "",
            purposes=[] if self.portable else list(self._purposes()),
            withheld=[] if self.portable else list(self._withheld()),
        )

    def parts(self) -> Iterator[tuple[Section, tuple[Field, ...], Iterator[Row]]]:
        """Yield each section with its fields and its records; read them before the next."""
        for section in sections(portable=self.portable):
            fields = (*section.fields, *section.more_fields(self.source))
            yield section, fields, self._rows(section)

    def _rows(self, section: Section) -> Iterator[Row]:
        for record in section.read(self.source):
            self.counts[section.place] += 1
            yield {code: plain(value, self.language) for code, value in record.items()}

    def _purposes(self) -> Iterator[PurposeOf]:
        for key, purpose in self.source.purposes.items():
            yield PurposeOf(
                key=key,
                name=purpose.name.in_(self.language),
                says=purpose.says.in_(self.language),
                kept=span(purpose.retention).in_(self.language),
                recipients=[
                    word("recipient", code).in_(self.language) for code in purpose.recipients
                ]
                or [word("recipient", "none").in_(self.language)],
            )

    def _withheld(self) -> Iterator[Withheld]:
        """Yield the places of which there is no copy, each with the reason."""
        for place in PLACES:
            if place.withheld:
                yield Withheld(
                    place=place.code,
                    holds=place.holds[self.language],
                    why=place.withheld[self.language],
                )
