"""Draw all photos of one person of a data set, with a row of the truth table for each."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg

from maskwise.files import atomic_path
from maskwise.people.identity import draw_identity
from maskwise.people.layout import photo_names, photo_path, published_id, published_name
from maskwise.people.mask import Wear
from maskwise.people.people_spec import ALIAS_OFFSET, Fault, PeopleSpec
from maskwise.people.person import Person, create_person
from maskwise.people.photograph import photograph
from maskwise.people.plan import Plan, Value, plan_photo
from maskwise.people.planted_faults import broken_file, exchanged_names, near_duplicate
from maskwise.people.population import Member, draw_member
from maskwise.randomness import keyed_generator

TruthRow = dict[str, Value]
"""What is true about a photo, by the columns of the truth table."""

_IDENTITY_COLUMNS = (
    "masculinity",
    "aging",
    "wrinkles",
    "melanin",
    "grey",
    "makeup",
    "style",
    "baldness",
    "beard",
    "curl",
    "fringe",
    "glasses",
)
_LABEL_FAULTS = ("gender_flip", "wrong_age", "two_ids")
"""Faults of all photos of a person."""


def draw_member_photos(out: Path, spec: PeopleSpec, member: Member) -> list[TruthRow]:
    """Write the photos of a person below the folder `out`.

    Returns:
        A row for each photo.
    """
    person = create_person(draw_identity(spec.seed, member.person, member.gender, member.age))
    race = ("African", "Asian", "Caucasian")[int(np.argmax(person.identity.ancestry))]
    names = photo_names(spec.photos)
    shown = exchanged_names(spec, member, names)
    faulty = keyed_generator(spec.seed, member.number, "victim").choice(names)
    rows = list[TruthRow]()
    for name in names:
        plan, pixels = _draw_photo(spec, member, person, shown[name])
        fault: Fault | None = member.fault if member.fault in _LABEL_FAULTS else None
        if shown[name] != name:
            fault = member.fault
        if member.fault == "near_duplicate" and name == faulty and member.number:
            fault, pixels = "near_duplicate", near_duplicate(_photo_of_previous_member(spec, member, name))
        data = simplejpeg.encode_jpeg(pixels, quality=spec.jpeg_quality, colorsubsampling="420")
        if member.fault == "broken" and name == faulty:
            fault, data = "broken", broken_file(data, keyed_generator(spec.seed, member.number, "broken"))
        photo = photo_path(spec, member, race, name)
        with atomic_path(out / photo) as temporary:
            temporary.write_bytes(data)
        rows.append(
            {
                "photo": photo,
                "side": member.side,
                "stem": name,
                "shows": shown[name],
                "id": published_id(member),
                "person": published_name(member, race),
                "drawn_person": member.person,
                "race": race,
                "fault": fault,
                "age": member.age,
                "gender": member.gender,
                "labelled_age": member.labelled_age,
                "labelled_gender": member.labelled_gender,
                **{column: getattr(person.identity, column) for column in _IDENTITY_COLUMNS},
                "garment": person.garment.kind,
                **plan.record(),
            }
        )
    return rows


def wear_of(spec: PeopleSpec, member: Member, name: str) -> Wear | None:
    """How the mask is worn in the photo of a name; None for a photo without a mask."""
    if name == "normal":
        return None
    if name != "incorrect_mask":
        return "worn"
    shares = [max(0.0, 1 - spec.on_chin - spec.one_ear), spec.on_chin, spec.one_ear]
    kinds: tuple[Wear, ...] = ("under_nose", "on_chin", "one_ear")
    random = keyed_generator(spec.seed, member.number, "wear")
    return kinds[random.choice(3, p=np.array(shares) / sum(shares))]


def _draw_photo(
    spec: PeopleSpec, member: Member, person: Person, name: str
) -> tuple[Plan, npt.NDArray[np.uint8]]:
    # A person with two ids has different photos under each of them.
    number = photo_names(spec.photos).index(name) + (100 if member.number >= ALIAS_OFFSET else 0)
    plan = plan_photo(person.identity, number, wear_of(spec, member, name))
    return plan, photograph(person, plan, height=spec.height, width=spec.width, detail=spec.detail)


def _photo_of_previous_member(spec: PeopleSpec, member: Member, name: str) -> npt.NDArray[np.uint8]:
    previous = replace(draw_member(spec, member.number - 1), fault=None)
    person = create_person(draw_identity(spec.seed, previous.person, previous.gender, previous.age))
    return _draw_photo(spec, previous, person, name)[1]
