# SPDX-License-Identifier: Apache-2.0
"""The record of processing: what each purpose does with whose data, field by field of the law.

Everything in it is derived from what is on record here: purposes, tags in use, assessments, settings.
What is not on record is said not to be stated, with the setting that would state it; nothing is made
up. It holds no data of any person.
"""

from governance.record.fields import Entry, Field, Line, Record
from governance.record.making import REGIMES, record_of
from governance.record.printing import as_csv, as_html, as_plain, as_rows

__all__ = [
    "REGIMES",
    "Entry",
    "Field",
    "Line",
    "Record",
    "as_csv",
    "as_html",
    "as_plain",
    "as_rows",
    "record_of",
]
