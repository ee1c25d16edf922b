# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas for editors, judged by another implementation: they fit what the product reads."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from governance.cli.policy_show import json_schema
from policies.document import read_documents

ROOT = Path(__file__).resolve().parents[3]
OWN = {
    "PolicyPack": "pack",
    "Tag": "tag",
    "Feature": "feature",
    "Purpose": "purpose",
    "Assessment": "assessment",
}


def documents():
    for folder in ("policies/library", "examples/shop"):
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            for number, document in enumerate(read_documents(path)):
                kind = document.value.get("kind") if isinstance(document.value, dict) else None
                if kind in OWN and "refused" not in path.parts:
                    yield pytest.param(OWN[kind], document.value, id=f"{path.stem}-{number}")


def validator(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize(("kind", "document"), list(documents()))
def test_every_document_that_ships_fits_its_schema(kind, document):
    assert [error.message for error in validator(kind).iter_errors(document)] == []


@pytest.mark.parametrize(("kind", "document"), [p for p in documents() if p.id.endswith("-0")])
def test_a_document_with_an_unknown_key_or_without_a_needed_one_does_not(kind, document):
    check = validator(kind)
    assert not check.is_valid({**document, "colour": "red"})
    assert not check.is_valid({key: value for key, value in document.items() if key != "kind"})
