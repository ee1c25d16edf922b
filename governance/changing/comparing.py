# SPDX-License-Identifier: Apache-2.0
"""Documents against the catalogue → a frozen plan. Looks at everything, changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.policy import FairnessPolicy
from governance import assessment
from governance.catalogue import Active, active, attribute_categories, known, meaning
from governance.changing import counting
from governance.changing.near import near
from governance.changing.plan import (
    Duty,
    FieldChange,
    Item,
    Leaking,
    Over,
    Plan,
    PlanFinding,
    Verdict,
    VerdictChange,
    What,
)
from governance.changing.reported import reported
from governance.changing.world import prints
from governance.gate import Gate
from governance.law import law_over
from governance.purpose import Purpose, purposes, recipients
from governance.requirement import adult_answer
from governance.running.evaluation import ProgressUpdate
from governance.workspace import Workspace
from policies.assessments import TYPES
from policies.law import Law
from tagging import lints
from tagging.catalogue import Catalogue, Definition, check_documents, check_files
from tagging.document import Feature, Tag, full_digest, meaning_digest
from tagging.equivalence import duplicates
from tagging.evaluation.plan import closure
from tagging.finding import DeclaredPurpose
from tagging.lineage import Lineage, effective, lineage, turned_sensitive
from tagging.rules.tree import Segment, rests_on


def make(
    ws: Workspace,
    files: Iterable[Path],
    *,
    count: bool = True,
    leaks: FairnessPolicy | None = None,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> Plan:
    """Return the plan of the documents in some files and folders.

    With `leaks`, what the tags would tell about the attributes of a policy is counted, which opens them;
    without, only leak reports that were made are looked at. Raises BadInput `bad-definitions` with
    every problem of every document, Refused `not-permitted` for who may not open attributes.
    """
    if leaks is not None:
        from governance.auditing.planned import permit_opening  # noqa: PLC0415  (statistics)

        permit_opening(ws, leaks)
    with ws.store.read() as connection:
        begun = _Comparison.begin(ws, connection, files)
        return begun.plan(count=count or leaks is not None, leaks=leaks, progress=progress)


@dataclass(slots=True)
class _Comparison:
    """The catalogue as it is, and as it would be."""

    ws: Workspace
    connection: Connection
    checked: Catalogue
    present: Mapping[str, Active]
    old_features: Mapping[str, Feature]
    purposes: Mapping[str, Purpose]
    law: Law
    before: Lineage
    after: Lineage

    @classmethod
    def begin(cls, ws: Workspace, connection: Connection, files: Iterable[Path]) -> "_Comparison":
        knowledge, categories = known(connection), attribute_categories(connection)
        checked = check_files(files, knowledge)
        return cls(
            ws,
            connection,
            checked,
            active(connection),
            knowledge.features,
            purposes(connection),
            law_over(connection),
            lineage(check_documents((), knowledge), categories),
            lineage(checked, categories),
        )

    def plan(self, *, count: bool, leaks: FairnessPolicy | None, progress: ProgressUpdate) -> Plan:
        """Compare everything, and freeze what was found."""
        changed = dict(self._features()) | dict(self._tags())
        tags = [key for key, item in changed.items() if item.kind == "tag"]
        declared = {item.key: item for item in self._declared}
        stricter = turned_sensitive(self.before, self.after, declared, self.law)
        again = [key for key in stricter if key not in changed]
        reach = self._reach(tags, progress) if count else {}
        findings = self._findings(changed)
        same = self._duplicates()
        held = {key: self._held(key) for key in reach}
        gate = Gate(self.connection, self._now, self.purposes)
        everyone = len(gate.everyone) if reach else 0
        roots = {key: one.root for key, one in self.checked.tags.items()}
        items = []
        for key, item in sorted(changed.items()):
            more: dict[str, Any] = {
                "dependants": self.after.dependants(key),
                "duplicates": tuple(same.get(key, ())),
                "findings": tuple(findings.get(key, ())),
            }
            if item.kind == "tag":
                more |= self._law(key, item.what)
                if key in reach:
                    told = not rests_on(self.checked.tags[key].root, Segment, roots)
                    counts = counting.people(everyone, reach[key], held[key], told=told)
                    more["people"] = counts
            items.append(item.model_copy(update=more))
        return Plan(
            made_at=self._now,
            counted=count,
            documents=tuple(self._documents(changed)),
            world=self._world(changed),
            items=tuple(items),
            reviewed_again=tuple(again),
            over=tuple(self._over(reach, held)),
            leaks=tuple(self._leaks(reach, changed, leaks)),
        )

    @property
    def _now(self) -> Any:
        return self.ws.clock.now()

    @property
    def _declared(self) -> list[DeclaredPurpose]:
        plain = (item.model_dump(mode="json", by_alias=True) for item in self.purposes.values())
        return [found for item in plain if (found := DeclaredPurpose.of(item)) is not None]

    # --- what changes -----------------------------------------------------------------------

    def _features(self) -> Iterator[tuple[str, Item]]:
        for key in sorted(self.checked.stated & set(self.checked.features)):
            new, old = self.checked.features[key], self.old_features.get(key)
            if old is None or full_digest(old) != full_digest(new):
                what: What = "new" if old is None else "new version"
                if old is not None and not _beyond_words(old, new):
                    what = "reworded"
                yield (
                    key,
                    Item(key=key, kind="feature", what=what, version=1, fields=_fields(old, new)),
                )

    def _tags(self) -> Iterator[tuple[str, Item]]:
        """Yield the tags that change, also by a feature of theirs alone."""
        for key, definition in self.checked.tags.items():
            old, tag = self.present.get(key), definition.tag
            sense = meaning(definition, self.checked.features)
            moved = old is None or old.meaning != sense
            if old is not None and not moved and old.digest == full_digest(tag):
                continue
            version = 1 if old is None else old.version + moved
            what: What = "new" if old is None else "new version" if moved else "reworded"
            fields = _fields(old.tag if old else None, tag)
            yield key, Item(key=key, kind="tag", what=what, version=version, fields=fields)

    def _documents(self, changed: Mapping[str, Item]) -> Iterator[dict[str, Any]]:
        """Yield the documents of the plan; a tag that changes by its feature has none."""
        for key in sorted(changed):
            if key in self.checked.stated:
                item = self.checked.tags[key].tag if key in self.checked.tags else None
                document = item or self.checked.features[key]
                yield document.model_dump(mode="json", by_alias=True)

    def _world(self, changed: Mapping[str, Item]) -> dict[str, str]:
        """Return what the plan rests on: whoever changes one of these makes it stale."""
        touched = set(changed)
        for key in changed:
            touched |= set(self.after.upstream(key)) | set(self.after.dependants(key))
        tags = touched & set(self.checked.tags)
        used = {key for tag in tags for key in self.checked.tags[tag].tag.purposes}
        names = [f"tag:{key}" for key in tags]
        names += [f"feature:{key}" for key in touched & set(self.checked.features)]
        names += [f"purpose:{key}" for key in used]
        return prints(self.connection, [*names, *(f"pack:{regime}" for regime in self.law.packs)])

    # --- what the law says ------------------------------------------------------------------

    def _law(self, key: str, what: What) -> dict[str, Any]:
        if what == "reworded":
            return {}
        new = effective(self.checked.tags[key].tag, self.after)
        old = effective(self.present[key].tag, self.before) if key in self.present else None
        after = self._verdicts(new)
        before = self._verdicts(old) if old is not None else {}
        changes = [
            VerdictChange(before=before.get(place), after=verdict)
            for place, verdict in after.items()
            if before.get(place) != verdict
        ]
        sensitive = {place[0] for place, v in after.items() if v.sensitive} - {
            place[0] for place, v in before.items() if v.sensitive
        }
        gained = recipients(new, self.purposes) - (recipients(old, self.purposes) if old else set())
        return {
            "verdicts": tuple(changes),
            "newly_sensitive": tuple(sorted(sensitive)),
            "new_recipients": tuple(sorted(gained - {"none"})),
            "missing": tuple(self._missing(key, after.values())),
        }

    def _verdicts(self, tag: Tag) -> dict[tuple[str, str], Verdict]:
        found = {}
        for regime in self.law.packs:
            for key in tag.purposes:
                if key not in self.purposes:
                    continue
                answer = adult_answer(tag, self.purposes[key], regime, self.law)
                found[regime, key] = Verdict(
                    regime=regime,
                    purpose=key,
                    verdict=str(answer.verdict),
                    consent=str(answer.consent),
                    sensitive=answer.sensitive,
                    requires=answer.requires,
                    cites=answer.cites,
                    why=dict(answer.why),
                    rule=answer.rule,
                    claimed=str(dict(tag.basis).get(regime, "")),  # type: ignore[call-overload]
                    carries=answer.basis_carries,
                )
        return found

    def _missing(self, key: str, verdicts: Iterable[Verdict]) -> list[Duty]:
        """Return the assessments that a regime asks for and that nobody has on record."""
        on_record = assessment.valid(self.connection, self._now)
        found = [
            Duty(regime=verdict.regime, duty=duty)
            for verdict in verdicts
            if verdict.claimed
            for duty in TYPES
            if duty in verdict.requires
            and not on_record.covering(duty, verdict.purpose, key, sensitive=verdict.sensitive)
        ]
        return list(dict.fromkeys(found))

    def _findings(self, changed: Mapping[str, Item]) -> dict[str, list[PlanFinding]]:
        stated = replace(self.checked, stated=frozenset(changed))
        found: dict[str, list[PlanFinding]] = {}
        for item in lints.run(
            stated,
            purposes=self._declared,
            law=self.law,
            states={key: tag.state for key, tag in self.present.items()},
            successors={key: tag.successor for key, tag in self.present.items() if tag.successor},
        ):
            place = f"{item.file}:{item.line}:{item.column}" if item.file else ""
            found.setdefault(item.key, []).append(
                PlanFinding(
                    code=item.code,
                    severity=item.severity,
                    message=item.message._asdict(),
                    fix=item.fix._asdict(),
                    cites=item.cites,
                    place=place,
                )
            )
        planned = {key: one.root for key, one in self.checked.tags.items()}
        for key, said in near(self.connection, planned, self.present, changed):
            found.setdefault(key, []).append(said)
        return found

    def _duplicates(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one, other in duplicates(self.checked):
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
        return found

    # --- whom it reaches --------------------------------------------------------------------

    def _reach(self, tags: list[str], progress: ProgressUpdate) -> dict[str, counting.Reach]:
        meant = [key for key in tags if self._moved(key)]
        if not meant:
            return {}
        rules = {key: item.root for key, item in self.checked.tags.items()}
        wanted = closure(rules, set(meant))
        definitions: dict[str, Definition] = {key: self.checked.tags[key] for key in sorted(wanted)}
        gated = {key: effective(item.tag, self.after) for key, item in definitions.items()}
        found = counting.reach(
            self.ws,
            self.connection,
            definitions,
            gated,
            self.purposes,
            at=self._now,
            progress=progress,
        )
        return {key: found[key] for key in meant}

    def _moved(self, key: str) -> bool:
        old = self.present.get(key)
        return old is None or old.meaning != meaning(self.checked.tags[key], self.checked.features)

    def _held(self, key: str) -> BitMap:
        old = self.present.get(key)
        return counting.holders(self.connection, old) if old is not None else BitMap()

    def _over(
        self, reach: Mapping[str, counting.Reach], held: Mapping[str, BitMap]
    ) -> Iterator[Over]:
        """Yield the changes of more people than the settings let through."""
        for key, before in sorted(held.items()):
            if len(before) < counting.FEW:
                continue
            after = reach[key].tagged
            changes: tuple[tuple[Literal["lost", "gained"], BitMap], ...] = (
                ("lost", before - after),
                ("gained", after - before),
            )
            for measure, moved in changes:
                limit = round(1000 * self.ws.settings.share(f"plan.max_{measure}_share"))
                share = 1000 * len(moved) // len(before)
                if share > limit:
                    yield Over(key=key, measure=measure, per_mille=share, limit=limit)

    def _leaks(
        self,
        reach: Mapping[str, counting.Reach],
        changed: Mapping[str, Item],
        policy: FairnessPolicy | None,
    ) -> Iterator[Leaking]:
        """Yield what tags tell beyond a limit: counted where a policy is given, else as reported."""
        roots = {key: one.root for key, one in self.checked.tags.items()}
        counted = frozenset[str]()
        if policy is not None and reach:
            from governance.auditing.planned import would_tell  # noqa: PLC0415  (statistics)

            counted = frozenset(policy.attributes)
            told = {  # who is in a segment is not told, not even in bits
                key: (found.permitted, found.tagged)
                for key, found in reach.items()
                if not rests_on(roots[key], Segment, roots)
            }
            for one in would_tell(self.ws, self.connection, policy, told):
                yield Leaking(**asdict(one))
        keys = [key for key, item in changed.items() if item.what == "new version"]
        for said in reported(self.connection, keys):
            if said.attribute not in counted:
                yield said


def _beyond_words(old: Feature, new: Feature) -> bool:
    return meaning_digest(old) != meaning_digest(new)


def _fields(old: Tag | Feature | None, new: Tag | Feature) -> tuple[FieldChange, ...]:
    before = dict(_flat(old.model_dump(mode="json", by_alias=True))) if old else {}
    after = dict(_flat(new.model_dump(mode="json", by_alias=True)))
    return tuple(
        FieldChange(path=path, before=before.get(path), after=after.get(path))
        for path in (*after, *(path for path in before if path not in after))
        if before.get(path) != after.get(path) and (old is not None or after[path] not in ({}, []))
    )


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from _flat(part, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", part
