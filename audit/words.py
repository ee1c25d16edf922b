# SPDX-License-Identifier: Apache-2.0
"""A text in both languages that every report is written in."""

from typing import NamedTuple


class Words(NamedTuple):
    """A text in English and Chinese."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """Return the text in a language (en or zh)."""
        return self.zh if language == "zh" else self.en
