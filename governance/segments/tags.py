# SPDX-License-Identifier: Apache-2.0
"""The tag document of a fit, for the ordinary way: lint, plan, review, apply, run."""

from collections.abc import Mapping
from typing import Any, Final

from audit.errors import BadInput
from governance.segments.fits import Fit
from governance.segments.profiles import profiles
from governance.segments.releasing import Released

_REMARKS: Final = (
    (
        "A person's segment is computed from their own record: it is personal data, and not private towards it.",
        "个人所属的组由其本人的记录计算得出：属于个人信息，对该记录没有隐私保护。",
    ),
    (
        "Give the segments names that your colleagues understand (labels).",
        "请为各组起同事看得懂的名称（labels）。",
    ),
)
_LONGEST: Final = 400  # characters that a label may have


def tag_document(found: Released, fit: Fit, language: str = "en") -> str:
    """Return the YAML of a tag whose value is a person's segment, with labels to begin with.

    A label is short, for a person reads it several times in one answer; what the segment is like stands
    above it as a comment. Comments are in a language (en or zh), labels in both. Raises BadInput for a fit
    that cannot be explained (a mixture).
    """
    if fit.document["anchors"] is None:
        raise BadInput(
            "segment-no-anchors",
            "a mixture assigns by likelihood, which has no exact explanation",
            hint="use kmeans, hierarchical or dbscan for segments that people are told about",
        )
    asked = found.document["segmentation"]
    shown = profiles(found, fit)
    labels = {
        str(one.number): {part: one.label(part)[:_LONGEST] for part in ("en", "zh")}
        for one in shown
    }
    body = {
        "says": {"en": "shops most like: {value}", "zh": "购物方式最接近：{value}"},
        "value": f"segment('{fit.name}')",
        "labels": labels,
    }
    text = written(asked, body, *(remark[language == "zh"] for remark in _REMARKS))
    for one in shown:
        line = f"  '{one.number}':\n"
        about = " ".join(one.words(language).split())
        text = text.replace(line, f"  # {about}\n{line}", 1)
    return text


def written(asked: Mapping[str, Any], body: Mapping[str, Any], *remarks: str) -> str:
    """Return the YAML of a tag that follows from a stored document of a segmentation or a model."""
    import yaml  # noqa: PLC0415

    document: dict[str, Any] = {
        "apiVersion": "tagwarden/v1",
        "kind": "Tag",
        "key": f"behaviour.{asked['key'].split('.')[-1]}",
        "name": asked["name"],
        "says": body["says"],
        "owner": asked["owner"],
        "dimension": "behaviour",
        "derivation": "inferred",
        "sources": list(asked["sources"]),
        "asserts": list(asked["asserts"]),
        "purposes": [asked["purpose"]],
        "basis": asked["basis"],
        "ttl": "7d",
        "refresh": {"every": "1d", "on": ["purchase"]},
        **body,
        "purge_on_withdrawal": "immediately",
    }
    head = "".join(f"# {one}\n" for one in ("SPDX-License-Identifier: Apache-2.0", *remarks))
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
