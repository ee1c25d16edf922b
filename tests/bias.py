"""Planted worlds: counts whose truth is known, and the policy that the tests audit with."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from audit.bias import policy as policy_module
from audit.bias.cube import Axis, Cube, Kind, cube_of
from audit.bias.policy import FairnessPolicy

STARTER = Path(policy_module.__file__).parent / "starter_policy.yaml"
YESNO = ("no", "yes")
# policy values are Decimal: update through validation, never model_copy


@cache
def starter() -> dict[str, Any]:
    """The document of the starter policy, read once: what changes it takes a copy."""
    document: dict[str, Any] = yaml.safe_load(STARTER.read_text("utf-8"))
    return document


def policy(**changes) -> FairnessPolicy:
    """The starter policy over one attribute `group`, with changes."""
    return FairnessPolicy.model_validate(
        starter() | {"attributes": ["group"], "intersections": 1} | changes
    )


def binary(people, tagged, *, names=None, tag="t.x") -> Cube:
    """A cube of one attribute from people and tagged of each group."""
    n, a = np.asarray(people), np.asarray(tagged)
    names = tuple(names or (f"g{i}" for i in range(len(n))))
    axes = [Axis("group", Kind.ATTRIBUTE, names), Axis("tag", Kind.TAG, YESNO)]
    return cube_of(tag, 1, axes, np.stack([n - a, a], axis=1))


def drawn(rng, people, shares, rates, **more) -> Cube:
    """A world of `people` in groups of these shares, tagged at these rates."""
    n = rng.multinomial(people, np.asarray(shares) / np.sum(shares))
    return binary(n, rng.binomial(n, rates), **more)


def two_way(rng, people, gender, age, rate, *, tag="t.x") -> Cube:
    """A world of gender by age band, both with some unknown."""
    shares = np.outer(gender, age)
    n = rng.multinomial(people, shares.ravel() / shares.sum()).reshape(shares.shape)
    a = rng.binomial(n, rate)
    genders = ("f", "m", "unknown")[: len(gender)]
    ages = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+", "unknown")[: len(age)]
    axes = [
        Axis("gender", Kind.ATTRIBUTE, genders),
        Axis("age_band", Kind.ATTRIBUTE, ages, ordered=True),
        Axis("tag", Kind.TAG, YESNO),
    ]
    return cube_of(tag, 1, axes, np.stack([n - a, a], axis=-1))
