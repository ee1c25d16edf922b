# SPDX-License-Identifier: Apache-2.0
"""A mapping that names people by something they share is refused before a row is read."""

import pytest

from audit.errors import BadInput
from tests.intake import a_map


@pytest.mark.parametrize(
    "column",
    [
        "gender",
        "customer_city",
        "Birth Year",
        "zip",
        "last_name",
        "AgeBand",
        "会员城市",
        "age band",
    ],
)
@pytest.mark.parametrize("kind", ["EventMap", "ProfileMap"])
def test_what_many_people_share_is_nobodys_identity(kind, column):
    """An index over few or frequent values gives them away (threat 14)."""
    with pytest.raises(BadInput) as caught:
        a_map(kind, subject=column)
    assert [problem.code for problem in caught.value.problems] == ["shared-identity"]


@pytest.mark.parametrize(
    "column", ["customer", "household_id", "user_key", "stage", "客户编号", "package"]
)
def test_a_number_that_is_given_to_one_person_is(column):
    assert a_map(subject=column).map.subject.column == column
