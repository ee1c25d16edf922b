# SPDX-License-Identifier: Apache-2.0
"""What a shop holds its consents to, as a document: no limit stands in code.

No law that we know names an age at which a consent ends, nor how many seconds "at once" is.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit import canon


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Release(_Part):
    """What a report may show."""

    k: int = Field(
        ge=1,
        le=1000,
        description="fewest people behind a number; 1: exact, for a report that stays",
    )


class ConsentPolicy(_Part):
    """The limits that consents are audited against."""

    apiVersion: Literal["tagwarden/v1"]  # noqa: N815  (as in every document of the product)
    kind: Literal["ConsentPolicy"]
    key: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    version: int = Field(ge=1)
    max_age_days: int = Field(ge=1, le=36_500, description="age from which a consent is too old")
    at_once_seconds: int = Field(
        ge=0,
        le=86_400,
        description="how long after a withdrawal, objection or block a tag may stand",
    )
    recorded_days: int | None = Field(
        default=None,
        ge=0,
        le=3_650,
        description="how long after it was said a no may come on record while tags stand on the yes; "
        "not stated: as long as it takes",
    )
    notices: dict[str, list[str]] = Field(
        default={},
        description="purpose → versions of the notice that count as the present one; "
        "not stated: the one that was first agreed to last",
    )
    release: Release

    def document(self) -> dict[str, Any]:
        """Return the policy as plain data."""
        return self.model_dump(
            mode="json", exclude={"recorded_days"} if self.recorded_days is None else None
        )

    def digest(self) -> str:
        """Return the SHA-256 of the canonical document."""
        return canon.digest(self.document())
