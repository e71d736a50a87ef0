"""Two people drawn small, once: what their photos show, and what their parts are."""

from dataclasses import replace

import numpy as np
import pytest

from maskwise.people import mask, raster, shading
from maskwise.people.identity import draw_identity
from maskwise.people.person import Person, create_person
from maskwise.people.photograph import photograph
from maskwise.people.plan import plan_photo
from maskwise.people.pose import pose_person

SIZE = {"height": 160, "width": 120, "detail": 1.0}


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return [create_person(draw_identity(3, 0, "female", 24)), create_person(draw_identity(3, 1, "male", 71))]


def seen_material(person: Person, wear: mask.Wear | None, place: tuple[float, float, float]) -> int:
    """The material that the camera sees where a landmark of the face lies."""
    plan = replace(plan_photo(person.identity, 0, wear), yaw=0.0, pitch=0.0, roll=0.0)
    posed = pose_person(person, plan, 160, 120)
    screen = posed.view.project(posed.mesh.points)
    fragments = raster.rasterize(screen, posed.mesh.triangles, 160, 120)
    column, row, _ = screen[person.head.nearest(place)]
    return int(posed.mesh.material[fragments.triangle[round(row), round(column)]])


@pytest.mark.parametrize("which", [0, 1])
def test_a_mask_covers_what_its_label_says_in_the_geometry_itself(people: list[Person], which: int) -> None:
    person = people[which]
    nose, lips, chin = mask.NOSE_TIP, mask.LIPS, mask.CHIN
    assert [seen_material(person, "worn", place) for place in (nose, lips, chin)] == [shading.MASK] * 3
    assert seen_material(person, "under_nose", nose) == shading.SKIN
    assert seen_material(person, "under_nose", lips) == shading.MASK
    assert [seen_material(person, "on_chin", place) for place in (nose, lips)] == [shading.SKIN] * 2
    assert [seen_material(person, "one_ear", place) for place in (nose, lips)] == [shading.SKIN] * 2
    assert seen_material(person, None, lips) == shading.SKIN


@pytest.mark.parametrize("kind", mask.KINDS)
def test_no_mask_lies_inside_of_the_face(people: list[Person], kind: mask.Kind) -> None:
    from maskwise.people import surface

    person = people[0]
    worn = mask.fit_mask(person.head, person.skin, kind, "worn", np.random.default_rng(0))
    face = surface.cylinder_map(person.skin, person.head.triangles)
    angle = np.arctan2(worn.points[:, 0], worn.points[:, 2] - surface.AXIS_Z)
    radius = np.hypot(worn.points[:, 0], worn.points[:, 2] - surface.AXIS_Z)
    assert np.percentile(radius - face.at(angle, worn.points[:, 1]), 2) > -0.02
    assert np.isfinite(worn.points).all()


def test_photos_look_like_photos(people: list[Person]) -> None:
    """Image statistics, not bytes: exposed, in colour, sharp, skin where skin should be."""
    for person in people:
        photo = photograph(person, plan_photo(person.identity, 1, None), **SIZE)
        assert photo.shape == (160, 120, 3)
        assert photo.dtype == np.uint8
        assert 40 < photo.mean() < 215
        assert photo.std() > 25
        face = photo[70:100, 45:75].astype(float)
        assert face[..., 0].mean() > face[..., 2].mean()  # skin is redder than blue
        assert np.abs(np.diff(photo.mean(2), axis=0)).mean() > 1


def test_the_same_plan_gives_the_same_bytes_and_another_photo_another(people: list[Person]) -> None:
    person = people[0]
    again = create_person(draw_identity(3, 0, "female", 24))
    first = photograph(person, plan_photo(person.identity, 2, "worn"), **SIZE)
    assert (photograph(again, plan_photo(again.identity, 2, "worn"), **SIZE) == first).all()
    other = photograph(person, plan_photo(person.identity, 3, "worn"), **SIZE)
    assert np.abs(other.astype(int) - first).mean() > 5


def test_ages_differ_in_what_is_painted_and_grown(people: list[Person]) -> None:
    young, old = people
    assert old.identity.wrinkles > young.identity.wrinkles + 0.5
    assert np.abs(old.face.relief).mean() > 1.5 * np.abs(young.face.relief).mean()
    assert old.identity.grey > 0.5 > young.identity.grey


def test_properties_are_drawn_apart() -> None:
    """A person's other properties stay as they are when gender or age is asked for differently."""
    a, b = draw_identity(5, 8, "male", 40), draw_identity(5, 8, "male", 41)
    assert a.ancestry == b.ancestry
    assert (a.skin == b.skin).all()
    assert a.iris.tolist() == b.iris.tolist()
    plans = [plan_photo(a, 4, wear) for wear in (None, "worn")]
    assert plans[0].light_turn == plans[1].light_turn
    assert plans[0].yaw == plans[1].yaw


def test_no_property_but_labels_is_one_genders_alone() -> None:
    drawn = {g: [draw_identity(1, n, g, 20 + n % 60) for n in range(1000)] for g in ("male", "female")}
    styles = {g: {identity.style for identity in identities} for g, identities in drawn.items()}
    assert styles["male"] == styles["female"]
    shapes = {g: np.array([i.masculinity for i in identities]) for g, identities in drawn.items()}
    assert shapes["male"].mean() > 0.75 > 0.25 > shapes["female"].mean()
    assert shapes["male"].min() < shapes["female"].max()
    assert 0.4 < np.mean([i.beard == "none" for i in drawn["male"]]) < 0.75
