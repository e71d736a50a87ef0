"""The description of a data set of procedural people."""

from typing import Literal, get_args

from pydantic import Field

from maskwise.strict_model import StrictModel

Preset = Literal["competition", "balanced"]

Fault = Literal["gender_flip", "wrong_age", "swap_status", "swap_mask", "two_ids", "near_duplicate", "broken"]

FAULTS: tuple[Fault, ...] = get_args(Fault)

ALIAS_OFFSET = 500_000
"""The numbers of second ids start here."""


class FaultRates(StrictModel):
    """The share of persons that get each kind of fault."""

    gender_flip: float = Field(default=0.0, ge=0, le=1)  # labelled with the other gender
    wrong_age: float = Field(default=0.0, ge=0, le=1)  # labelled at least 15 years off
    swap_status: float = Field(default=0.0, ge=0, le=1)  # incorrect_mask and normal exchanged
    swap_mask: float = Field(default=0.0, ge=0, le=1)  # a mask photo exchanged with one of those
    two_ids: float = Field(default=0.0, ge=0, le=1)  # the person is in the table twice, under two ids
    near_duplicate: float = Field(default=0.0, ge=0, le=1)  # a photo is a copy of another person's
    broken: float = Field(default=0.0, ge=0, le=1)  # a file that can't be read


class PeopleSpec(StrictModel):
    """All settings that determine a data set of procedural people."""

    people: int = Field(gt=0, lt=ALIAS_OFFSET)
    seed: int = Field(default=0, ge=0)
    preset: Preset = "competition"
    photos: int = Field(default=7, ge=3, le=7)  # per person; the last two are incorrect_mask and normal
    width: int = Field(default=384, ge=64, le=2048)
    height: int = Field(default=512, ge=64, le=2048)
    eval_share: float = Field(default=0.0, ge=0, lt=1)
    one_ear: float = Field(default=0.12, ge=0, le=1)  # of the masks worn wrong: hanging from an ear
    on_chin: float = Field(default=0.35, ge=0, le=1)  # of the masks worn wrong: below the chin
    noise: FaultRates = FaultRates()
    jpeg_quality: int = Field(default=90, ge=30, le=100)
    detail: float = Field(default=1.5, ge=1, le=3)  # the scale at which a photo is drawn before it is reduced
