# SPDX-License-Identifier: Apache-2.0
"""One compliance audit: read → judge → report, kept and signed like every other report."""

from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from audit.clock import iso
from audit.compliance.facts import Facts
from audit.compliance.report import Head, Row, Texts, report
from audit.words import coded, enumerated
from governance.auditing import kept, limits
from governance.auditing.agreeing import agree
from governance.auditing.grouping import TAG
from governance.auditing.naming import LANGUAGES, attribute
from governance.authority import demand
from governance.catalogue import active
from governance.complying.gathering import facts, law_papers
from governance.purpose import purposes
from governance.retention import WHAT
from policies.assessments import TYPES
from policies.obligations import Obligation, obligations, register
from policies.vocabulary import Reason, label
from tagging.asking import RECIPIENTS

if TYPE_CHECKING:
    from governance.workspace import Workspace


def compliance(ws: "Workspace", regime: str) -> kept.Kept:
    """Audit a workspace against the obligations of a regime; returns the kept report.

    Raises NotFound `unknown-regime`, Refused `not-permitted`, Conflict `workspace-busy`; Tampered where
    the log cannot take the entry, or a report is not as the log says that it was made.
    """
    rows = [_row(one) for one in obligations(regime)]
    demand(ws, "audit.compliance")
    with ws.exclusive("audit"):
        with ws.store.read() as connection:
            agree(ws, connection)
        found = facts(ws, regime)
        with ws.store.read() as connection:
            head = _head(ws, connection, regime)
            known = words() | names(connection, found)
        document = report(head, rows, found, known)
        with ws.store.write() as unit:
            made = kept.keep(
                ws,
                unit,
                document,
                kind=kept.COMPLIANCE,
                about=regime,
                version=1,
                status=document["verdict"]["status"],
            )
            unit.log(
                ws.evidence.entry(
                    "audit.compliance",
                    report=made.name,
                    sha256=made.digest,
                    regime=regime,
                    met=document["verdict"]["met"],
                    not_met=document["verdict"]["not_met"],
                    person=document["verdict"]["needs_a_person"],
                )
            )
    return made


def names(connection: Connection, found: Facts) -> dict[str, Texts]:
    """Return what people call the tags, purposes and groupings that findings may name."""
    policy = limits.chosen(connection, None).policy
    tags = {key: tag.tag.name for key, tag in active(connection, None).items()}
    called: dict[str, Texts] = {
        f"purpose.{key}": one.name.model_dump() for key, one in purposes(connection).items()
    }
    for key, name in tags.items():
        called[f"tag.{key}"] = {
            "en": coded(name.en, key, "en"),
            "zh": coded(name.zh, key, "zh"),
        }
    for about in {one.about for one in found.reports if one.kind == kept.PRICE}:
        parts = [
            tags[part.removeprefix(TAG)].model_dump()
            if part.removeprefix(TAG) in tags
            else attribute(policy, part)
            for part in about.split(",")
        ]
        called[f"by.{about}"] = {
            language: enumerated([part[language] for part in parts], language)
            for language in LANGUAGES
        }
    return called


def words() -> dict[str, Texts]:
    """Return the words of the codes that findings may name."""
    found: dict[str, Texts] = {
        f"due.{code}": {"en": what.en, "zh": what.zh} for code, what in WHAT.items()
    }
    for group, codes in (
        ("reason", map(str, Reason)),
        ("assessment", TYPES),
        ("recipient", sorted(RECIPIENTS)),
    ):
        for code in codes:
            found[f"{group}.{code}"] = {
                language: label(group, code, language) for language in ("en", "zh")
            }
    return found


def _row(one: Obligation) -> Row:
    return Row(
        one.id,
        one.article,
        one.provenance == "verified",
        one.severity,
        one.when,
        one.must,
        one.by,
        one.lacks,
        one.acts,
    )


def _head(ws: "Workspace", connection: Connection, regime: str) -> Head:
    return Head(
        made=iso(ws.clock.now()),
        auditor=ws.actor.ref,
        program=version("tagwarden"),
        law_as_of=register().as_of,
        previous=kept.digest_of_last(connection, kept.COMPLIANCE, regime),
        packs=law_papers(connection, regime),
    )
