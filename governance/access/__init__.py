# SPDX-License-Identifier: Apache-2.0
"""The access package: everything that is stored about one person, for that person.

What is in it follows from `governance.registry` and from nothing else: each place is either read by a
section of the package or withheld with a reason that the package states.
"""

from governance.access.exporting import Exported, contents, export, handing_over
from governance.access.forms import FORMS, Form

__all__ = ["FORMS", "Exported", "Form", "contents", "export", "handing_over"]
