# SPDX-License-Identifier: Apache-2.0
"""The rules of processing, told to the people whom they are about.

One document for one law, in one language: what data are used for, on which ground, who gets them, how
long they are kept, how each tag comes about, and what a person can do (PIPL 48, Algorithm Provisions
16, GDPR 13-14). It is made from what is on record here and holds no data of anybody.
"""

from governance.rulebook.making import Part, Rulebook, Tagged, rulebook_of
from governance.rulebook.printing import as_html, as_lines, as_plain

__all__ = ["Part", "Rulebook", "Tagged", "as_html", "as_lines", "as_plain", "rulebook_of"]
