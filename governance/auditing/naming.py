# SPDX-License-Identifier: Apache-2.0
"""What people call the codes of a report, as it is on the day of the report: it stands in the document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from audit.bias.policy import FairnessPolicy
from audit.words import Names, colon, semicolon
from governance.auditing.grouping import TAG
from governance.auditing.opening import basis_of
from governance.catalogue import Active, attribute_categories
from governance.purpose import Purpose, purposes
from policies.vocabulary import label
from tagging.explain.amounts import Language
from tagging.explain.naming import PLAIN
from tagging.explain.template import label as value_label
from tagging.explain.wording import source_words

OF_TAG: Final = "tag"
"""The category that groups by a tag are said to be of."""
TAGS: Final = {"en": "a tag of the shop", "zh": "本店的标签"}
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def names_of(
    connection: Connection, policy: FairnessPolicy, tags: Sequence[Active] = ()
) -> dict[str, dict[str, dict[str, str]]]:
    """Return the names of what a policy compares by, of how it is opened, and of tags with their law."""
    known = purposes(connection)
    categories = attribute_categories(connection)
    used = {categories.get(key, "") for key in policy.attributes}
    served = {key for tag in tags for key in tag.tag.purposes} | {policy.opening.purpose}
    bases = [*policy.opening.basis.items(), *(one for tag in tags for one in tag.tag.basis.items())]
    return {
        "attribute": {key: attribute(policy, key) for key in policy.attributes},
        "category": {
            key: {language: source_words(key, {}, language) for language in LANGUAGES}
            for key in sorted(used - {""})
        },
        "opening": {basis_of(policy): opening(policy, known)},
        "purpose": {key: known[key].name.model_dump() for key in sorted(served) if key in known},
        "regime": labels("regime", (str(regime) for regime, _ in bases)),
        "basis": labels("basis", (str(basis) for _, basis in bases)),
        "tag": {tag.tag.key: tag.tag.name.model_dump() for tag in tags},
    }


def column_names(tags: Iterable[Active], columns: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what people call columns of an audit for leaks: a tag (`KEY`), or one of its values (`KEY=VALUE`)."""
    of = {tag.tag.key: tag.tag for tag in tags}
    found = {}
    for column in columns:
        key, _, value = column.partition("=")
        tag = of[key]
        found[column] = tag.name.model_dump()
        if value:
            for language in LANGUAGES:
                found[column][language] += colon(language) + value_label(tag, value, language)
    return found


def names_of_prices(
    connection: Connection, policy: FairnessPolicy, tags: Sequence[Active], strata: Iterable[str]
) -> Names:
    """Return the names of an audit of prices: groups may be by a tag; `strata` are what must be alike."""
    found = names_of(connection, policy, tags)
    by_tag = {TAG + tag.tag.key: tag.tag.name.model_dump() for tag in tags}
    return found | {
        "attribute": found["attribute"] | by_tag,
        "category": found["category"] | {OF_TAG: TAGS},
        "column": {
            part: {language: PLAIN.column(part, language) for language in LANGUAGES}
            for part in sorted(set(strata))
        },
    }


def attribute(policy: FairnessPolicy, key: str) -> dict[str, str]:
    """Return what people call an attribute: as the policy says, else its key made readable."""
    named = policy.names.get(key)
    if named is not None:
        return named.model_dump()
    return {language: PLAIN.attribute(key, language) for language in LANGUAGES}


def opening(policy: FairnessPolicy, known: Mapping[str, Purpose]) -> dict[str, str]:
    """Return under which purpose, and on which basis by law, a policy opens attributes: in words."""
    key = policy.opening.purpose
    named = known[key].name.model_dump() if key in known else dict.fromkeys(LANGUAGES, key)
    bases = {
        language: semicolon(language).join(
            label("regime", law, language) + colon(language) + label("basis", basis, language)
            for law, basis in policy.opening.basis.items()
        )
        for language in LANGUAGES
    }
    return {
        "en": f"{named['en']}. Basis: {bases['en']}",
        "zh": f"{named['zh']}。依据：{bases['zh']}",
    }


def labels(group: str, codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the names of codes of a group of the policy's words."""
    return {
        code: {language: label(group, code, language) for language in LANGUAGES}
        for code in sorted(set(codes))
    }
