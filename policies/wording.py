# SPDX-License-Identifier: Apache-2.0
"""A text in the languages in which it is given: one text, or one for each of en and zh."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from policies.document import Strict


class Spoken(Strict):
    """A text in one language or more; `any` is a text whose language is not stated."""

    any: str = ""
    en: str = ""
    zh: str = ""

    def texts(self) -> tuple[str, ...]:
        """Return what is there to read."""
        return tuple(text for text in (self.any, self.en, self.zh) if text)


def _spoken(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return {"any": value or ""}
    if isinstance(value, Mapping):
        return {language: text or "" for language, text in value.items()}
    if isinstance(value, Spoken):
        return value
    raise ValueError("give a text, or a text for each of en and zh")


Wording = Annotated[Spoken, BeforeValidator(_spoken)]
