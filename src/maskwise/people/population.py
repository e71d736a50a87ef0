"""The persons of a data set: gender, age, side and fault of each, drawn by its number alone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from maskwise.people.identity import Gender
from maskwise.people.people_spec import ALIAS_OFFSET, FAULTS, Fault, PeopleSpec
from maskwise.randomness import keyed_generator, keyed_uniforms

_GOLDEN = 0.6180339887498949

# Persons of the competition by gender and band: under 30, 30 to 59, 60 and over.
_COMPETITION = {"male": (549, 410, 83), "female": (732, 817, 109)}

_CAP = 60  # the largest labelled age


@dataclass(frozen=True)
class Member:
    """A person of a data set: the true values, and those in the table."""

    person: int  # as drawn; both ids of one person have the same
    number: int  # in the table
    gender: Gender
    age: int
    labelled_gender: Gender
    labelled_age: int
    side: Literal["train", "eval"]
    fault: Fault | None


def draw_members(spec: PeopleSpec) -> list[Member]:
    """All persons of a data set, followed by the second ids."""
    members = [draw_member(spec, number) for number in range(spec.people)]
    aliases = [
        Member(
            m.person, ALIAS_OFFSET + m.number, m.gender, m.age, m.gender, m.labelled_age, m.side, "two_ids"
        )
        for m in members
        if m.fault == "two_ids"
    ]
    return members + aliases


def draw_member(spec: PeopleSpec, number: int) -> Member:
    """The person with a number; it does not depend on how many persons there are."""
    gender, age = _gender_and_age(spec, number)
    fault = _fault(spec, number)
    labelled_age = min(age, _CAP) if spec.preset == "competition" else age
    random = keyed_generator(spec.seed, number, "wrong label")
    labelled_gender = gender
    if fault == "gender_flip":
        labelled_gender = "female" if gender == "male" else "male"
    if fault == "wrong_age":
        most = _CAP if spec.preset == "competition" else 85
        choices = [a for a in range(18, most + 1) if abs(a - labelled_age) >= 15]
        labelled_age = int(random.choice(choices))
    on_eval = keyed_uniforms(spec.seed, number, "side")[0] < spec.eval_share
    return Member(
        number, number, gender, age, labelled_gender, labelled_age, "eval" if on_eval else "train", fault
    )


def _gender_and_age(spec: PeopleSpec, number: int) -> tuple[Gender, int]:
    """Gender and age from a low-discrepancy sequence: any number of persons comes close to the preset's shares."""
    if spec.preset == "balanced":
        shares = np.ones(6)
    else:
        shares = np.array([*_COMPETITION["male"], *_COMPETITION["female"]], dtype=float)
    offset = keyed_uniforms(spec.seed, "population")[0]
    place = (number * _GOLDEN + offset) % 1
    stratum = int(np.searchsorted(np.cumsum(shares / shares.sum()), place, side="right").clip(0, 5))
    random = keyed_generator(spec.seed, number, "age")
    gender: Gender = "male" if stratum < 3 else "female"
    band = stratum % 3
    if band == 0:
        return gender, int(random.integers(18, 30))
    if band == 1:
        older = spec.preset == "competition" and random.random() < 0.6  # most are in their fifties there
        return gender, int(random.integers(50, 60) if older else random.integers(30, 60))
    return gender, int(random.integers(60, 86))


def _fault(spec: PeopleSpec, number: int) -> Fault | None:
    """At most one kind of fault per person, so that its effect can be attributed."""
    for fault in FAULTS:
        if keyed_uniforms(spec.seed, number, "fault", fault)[0] < getattr(spec.noise, fault):
            return fault
    return None
