# SPDX-License-Identifier: Apache-2.0
"""Erasure of a person, or of a part of what is held about them, driven by `governance.registry`.

preview → begin → carry_on, step by step to a certificate; a crash repeats a step, nothing goes back.
"""

from governance.erasure.begin import begin, begin_many, cancel, cancel_in
from governance.erasure.preview import Preview, of_record, preview, previews
from governance.erasure.saga import Progress, carry_on, certificate_of, sagas
from governance.erasure.scope import EVERYTHING, Scope

__all__ = [
    "EVERYTHING",
    "Preview",
    "Progress",
    "Scope",
    "begin",
    "begin_many",
    "cancel",
    "cancel_in",
    "carry_on",
    "certificate_of",
    "of_record",
    "preview",
    "previews",
    "sagas",
]
