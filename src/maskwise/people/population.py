"""Who is in a data set: genders, ages and persons on either side, each drawn by its own number alone."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from maskwise.people.identity import Gender
from maskwise.randomness import keyed_generator, keyed_uniforms
from maskwise.strict_model import StrictModel

Preset = Literal["competition", "balanced"]
Fault = Literal["gender_flip", "wrong_age", "swap_status", "swap_mask", "two_ids", "near_duplicate", "broken"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_GOLDEN = 0.6180339887498949

# Persons of the competition by gender and band: under 30, 30 to 59, 60 and over.
_COMPETITION = {"male": (549, 410, 83), "female": (732, 817, 109)}
_CAP = 60  # its labelled ages end here
ALIAS_OFFSET = 500_000
"""Second ids of persons are numbered from here on."""


class FaultRates(StrictModel):
    """The share of persons that each kind of fault is planted in."""

    gender_flip: float = Field(default=0.0, ge=0, le=1)  # labelled with the other gender
    wrong_age: float = Field(default=0.0, ge=0, le=1)  # labelled at least 15 years off
    swap_status: float = Field(default=0.0, ge=0, le=1)  # incorrect_mask and normal exchanged
    swap_mask: float = Field(default=0.0, ge=0, le=1)  # a mask photo exchanged with one of those
    two_ids: float = Field(default=0.0, ge=0, le=1)  # the person stands in the table twice
    near_duplicate: float = Field(default=0.0, ge=0, le=1)  # a photo is a copy of another person's
    broken: float = Field(default=0.0, ge=0, le=1)  # a file that can't be read


class PeopleSpec(StrictModel):
    """Everything that decides what a data set of procedural people holds."""

    people: int = Field(gt=0, lt=ALIAS_OFFSET)
    seed: int = Field(default=0, ge=0)
    preset: Preset = "competition"
    photos: int = Field(default=7, ge=3, le=7)  # a person: the last two are incorrect_mask and normal
    width: int = Field(default=384, ge=64, le=2048)
    height: int = Field(default=512, ge=64, le=2048)
    eval_share: float = Field(default=0.0, ge=0, lt=1)
    one_ear: float = Field(default=0.12, ge=0, le=1)  # of the masks worn wrong: hanging from an ear
    on_chin: float = Field(default=0.35, ge=0, le=1)  # of the masks worn wrong: below the chin
    noise: FaultRates = FaultRates()
    jpeg_quality: int = Field(default=90, ge=30, le=100)
    detail: float = Field(default=1.5, ge=1, le=3)  # how much larger than the photo it is drawn


@dataclass(frozen=True)
class Member:
    """A person of a data set: the truth, and what the table says."""

    person: int  # as drawn; a second id of somebody has the same
    number: int  # as published
    gender: Gender
    age: int
    labelled_gender: Gender
    labelled_age: int
    side: Literal["train", "eval"]
    fault: Fault | None


def draw_members(spec: PeopleSpec) -> list[Member]:
    """All persons of a data set, second ids behind them."""
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
    """The person of a number, whoever else there is."""
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
    """A low-discrepancy sequence over the strata: any number of persons comes close to the preset's shares."""
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
    """At most one kind of fault a person, so that the truth about each is simple."""
    for fault in FAULTS:
        if keyed_uniforms(spec.seed, number, "fault", fault)[0] < getattr(spec.noise, fault):
            return fault
    return None
