"""File and folder names of the competition's layout."""

import hashlib

from maskwise.people.people_spec import PeopleSpec
from maskwise.people.population import Member
from maskwise.randomness import keyed_digest


def photo_names(n_photos: int) -> list[str]:
    """The names of a person's photos, without ending: masks worn, one worn wrong, none."""
    return [*(f"mask{k}" for k in range(1, n_photos - 1)), "incorrect_mask", "normal"]


def published_id(member: Member) -> str:
    """The person's id in the table."""
    return f"{member.number + 1:06d}"


def published_name(member: Member, race: str) -> str:
    """The person's folder."""
    return f"{published_id(member)}_{member.labelled_gender}_{race}_{member.labelled_age}"


def photo_path(spec: PeopleSpec, member: Member, race: str, name: str) -> str:
    """The path of a photo in the data set; on the evaluation side it says nothing about the person."""
    if member.side == "train":
        return f"train/images/{published_name(member, race)}/{name}.jpg"
    hidden = hashlib.sha1(keyed_digest(spec.seed, member.number, name), usedforsecurity=False).hexdigest()
    return f"eval/images/{hidden}.jpg"
