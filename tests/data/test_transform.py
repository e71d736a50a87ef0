import io
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from maskwise.data.normalization import normalize
from maskwise.data.photo_source import PhotoSource
from maskwise.data.readers.read_data import read_data
from maskwise.data.transform import (
    Normalize,
    TransformSpec,
    compose,
    resolution_needed,
    resolve,
    seen_area,
)
from maskwise.data.transform_photo import transform_photo
from maskwise.randomness import keyed_uniforms
from tests.pictures import picture, write_jpeg

END = {"step": "normalize", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def spec_of(*steps: dict[str, object], size: int = 200) -> TransformSpec:
    return TransformSpec.model_validate(
        {"steps": [*steps, {"step": "resize", "height": size, "width": size}, END]}
    )


REPORT = (
    {"step": "rotation", "degrees": 10, "phase": "train"},
    {"step": "center_crop", "height": 450, "width": 360, "phase": "train"},
)


def by_torchvision(path: Path, angle: float | None, size: int) -> np.ndarray:
    """The report's three steps, as it wrote them."""
    image = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
    if angle is not None:
        image = reference.center_crop(reference.rotate(image, angle), [450, 360])
    return np.asarray(reference.resize(image, [size, size]), dtype=float)


def mean_difference(paths: list[Path], size: int, *, train: bool) -> float:
    names = [str(path) for path in paths]
    source = PhotoSource(names, paths, spec_of(*REPORT, size=size), seed=5)
    differences = []
    for row, path in enumerate(paths):
        angle = (2 * keyed_uniforms(5, 3, names[row], "rotation")[0] - 1) * 10
        ours = source.load(row, 3 if train else None)
        differences.append(np.abs(ours - by_torchvision(path, angle if train else None, size)).mean())
    return float(np.mean(differences))


@pytest.mark.parametrize("size", [96, 128, 200, 224])
@pytest.mark.parametrize("train", [True, False])
def test_the_report_is_met_within_a_grey_level(tmp_path: Path, size: int, train: bool) -> None:
    paths = [tmp_path / f"{seed}.jpg" for seed in range(6)]
    for seed, path in enumerate(paths):
        write_jpeg(path, picture(seed, height=512, width=384), quality=92)
    assert mean_difference(paths, size, train=train) < 1


@pytest.mark.parametrize("train", [True, False])
def test_the_report_is_met_on_real_photos(real_photos: Path, train: bool) -> None:
    paths = read_data(real_photos).paths[:700:10]
    assert mean_difference(paths, 200, train=train) < 1


def test_a_crop_larger_than_the_photo_pads_with_black_as_torchvision_does(tmp_path: Path) -> None:
    path = tmp_path / "small.jpg"
    write_jpeg(path, picture(1, height=101, width=77), quality=95)
    spec = TransformSpec.model_validate(
        {
            "steps": [
                {"step": "center_crop", "height": 120, "width": 90},
                {"step": "resize", "height": 120, "width": 90},
                END,
            ]
        }
    )
    expected = np.asarray(reference.center_crop(Image.open(path), [120, 90]), dtype=float)
    assert np.abs(transform_photo(path, spec) - expected).max() <= 1


def test_what_the_model_sees_of_a_photo_is_told() -> None:
    crop = {"step": "center_crop", "height": 450, "width": 360}
    cropped = seen_area(spec_of(crop), (512, 384))
    assert cropped == pytest.approx((12 / 384, 31 / 512, 360 / 384, 450 / 512))
    assert seen_area(spec_of(crop | {"phase": "train"}), (512, 384)) == pytest.approx((0, 0, 1, 1))
    assert seen_area(spec_of(crop), (400, 384)) == pytest.approx((12 / 384, -25 / 400, 360 / 384, 450 / 400))


def test_flip_mirrors(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    write_jpeg(path, picture(1), quality=95)
    source = PhotoSource(["a"], [path], spec_of({"step": "horizontal_flip", "probability": 1.0}), seed=0)
    assert np.abs(source.load(0, 0)[:, ::-1].astype(int) - source.load(0, None)).max() <= 1


def test_train_steps_are_for_training_only() -> None:
    spec = spec_of(*REPORT)
    plain = spec_of()
    assert (compose(spec, (512, 384), train=False) == compose(plain, (512, 384), train=False)).all()
    assert (compose(spec, (512, 384), train=True, key=(0,)) != compose(plain, (512, 384), train=True)).any()
    always = spec_of({"step": "center_crop", "height": 450, "width": 360, "phase": "always"})
    assert (compose(always, (512, 384), train=False) != compose(plain, (512, 384), train=False)).any()


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 99), st.text(max_size=5))
def test_a_new_step_changes_no_other_draw(seed: int, epoch: int, photo: str) -> None:
    key = (seed, epoch, photo)
    rotated = spec_of({"step": "rotation", "degrees": 10})
    both = spec_of({"step": "horizontal_flip", "probability": 0.5}, {"step": "rotation", "degrees": 10})
    alone = compose(rotated, (100, 100), train=True, key=key)
    mixed = compose(both, (100, 100), train=True, key=key)
    flipped = np.linalg.det(mixed) < 0
    expected = compose(
        spec_of({"step": "horizontal_flip", "probability": 1.0 if flipped else 0.0}),
        (100, 100),
        train=True,
        key=key,
    )
    plain = compose(spec_of(), (100, 100), train=True)
    assert np.allclose(mixed, expected @ np.linalg.inv(plain) @ alone)


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_draws_are_even_and_inside_their_range(seed: int) -> None:
    uniforms = keyed_uniforms(seed, "a")
    assert ((uniforms >= 0) & (uniforms < 1)).all()
    assert (uniforms == keyed_uniforms(seed, "a")).all()
    assert (uniforms != keyed_uniforms(seed, "b")).any()
    assert (keyed_uniforms(1, "2") != keyed_uniforms("1", 2)).all()


def test_many_draws_have_the_mean_and_spread_of_a_uniform() -> None:
    drawn = np.concatenate([keyed_uniforms(seed) for seed in range(2000)])
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.var() - 1 / 12) < 0.002


def test_zoom_and_shift_stay_in_their_range() -> None:
    spec = spec_of({"step": "zoom", "amount": 0.2}, {"step": "shift", "amount": 0.1}, size=100)
    scales, moves = [], []
    for epoch in range(300):
        matrix = compose(spec, (100, 100), train=True, key=(0, epoch))
        scales.append(matrix[0, 0])
        centre = matrix @ np.array([50, 50, 1])
        moves.append(np.abs(centre[:2] - 50).max() / max(scales[-1], 1))
    assert min(scales) >= 0.8
    assert max(scales) <= 1.25
    assert max(scales) - min(scales) > 0.3
    assert max(moves) <= 10


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "exactly one normalize"),
        ([{"step": "resize", "height": 8, "width": 8}], "exactly one normalize"),
        ([END], "a resize of phase always after"),
        ([{"step": "resize", "height": 8, "width": 8, "phase": "train"}, END], "a resize of phase always"),
        (
            [
                {"step": "rotation", "degrees": 5},
                {"step": "rotation", "degrees": 5},
                {"step": "resize", "height": 8, "width": 8},
                END,
            ],
            "each step once",
        ),
        (
            [{"step": "rotation", "degrees": 0}, {"step": "resize", "height": 8, "width": 8}, END],
            "greater than 0",
        ),
        ([{"step": "resize", "height": 8, "width": 8}, {**END, "phase": "train"}], "always"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(steps: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TransformSpec.model_validate({"steps": steps})


def test_normalize_is_torchvisions() -> None:
    images = torch.from_numpy(np.stack([picture(1), picture(2)]))
    step = Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    expected = torch.stack(
        [reference.normalize(reference.to_tensor(image.numpy()), step.mean, step.std) for image in images]
    )
    assert torch.allclose(normalize(images, step), expected, atol=1e-5)
    assert normalize(images, step).is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(ValueError, match="written out"):
        normalize(images, Normalize())


FACE_CROP = {"step": "face_crop"}
POINTS = np.array([[30.0, 40.0], [60.0, 40.0], [45.0, 55.0], [33.0, 70.0], [57.0, 70.0]])


def test_a_face_lies_where_the_template_says() -> None:
    spec = spec_of({"step": "center_crop", "height": 10, "width": 20}, FACE_CROP, size=64)
    template = spec.face_crop.template.placed()  # type: ignore[union-attr]
    photo = template * 50 + (300, 200)  # a face 50 pixels wide, at once moved
    matrix = compose(spec, (512, 384), train=False, points=photo)
    placed = np.c_[template * 64, np.ones(5)] @ matrix.T
    np.testing.assert_allclose(placed[:, :2], photo, atol=1e-6)


def test_without_a_face_a_photo_stays_as_the_steps_before_leave_it() -> None:
    crop = {"step": "center_crop", "height": 10, "width": 20}
    alone = compose(spec_of(crop), (512, 384), train=False)
    assert (compose(spec_of(crop, FACE_CROP), (512, 384), train=False) == alone).all()
    coincide = np.full((5, 2), 7.0)
    assert (compose(spec_of(crop, FACE_CROP), (512, 384), train=False, points=coincide) == alone).all()


def test_random_steps_turn_about_the_middle_of_the_face_crop() -> None:
    spec = spec_of(FACE_CROP, {"step": "rotation", "degrees": 30.0, "phase": "train"}, size=64)
    middle = np.array([32.0, 32.0, 1.0])
    still = compose(spec, (512, 384), train=False, points=POINTS)
    turned = compose(spec, (512, 384), train=True, points=POINTS, key=(1, 2, "photo"))
    assert (still != turned).any()
    np.testing.assert_allclose(still @ middle, turned @ middle)


def test_a_tight_face_needs_a_finer_decoding() -> None:
    spec = spec_of(FACE_CROP, size=64)
    small, large = (resolution_needed(spec, (512, 384), POINTS * scale) for scale in (1, 4))
    assert small == pytest.approx(4 * large)


def test_seen_area_of_a_turned_face_has_its_centre_and_size() -> None:
    spec = spec_of(FACE_CROP, size=64)
    upright = seen_area(spec, (100, 100), POINTS)
    quarter = np.stack([100 - POINTS[:, 1], POINTS[:, 0]], axis=1)  # by 90 degrees about the middle
    left, top, width, height = seen_area(spec, (100, 100), quarter)
    assert (width, height) == pytest.approx(upright[2:])
    assert left + width / 2 == pytest.approx(1 - (upright[1] + upright[3] / 2))
    assert top + height / 2 == pytest.approx(upright[0] + upright[2] / 2)


def test_nothing_but_a_center_crop_comes_before_a_face_crop() -> None:
    with pytest.raises(ValidationError, match="nothing but a center_crop"):
        spec_of({"step": "horizontal_flip"}, FACE_CROP)


def test_what_is_open_is_the_backbones_and_the_tasks() -> None:
    open_spec = TransformSpec.model_validate(
        {"steps": [FACE_CROP | {"when": "auto"}, {"step": "resize"}, {"step": "normalize"}]}
    )
    with pytest.raises(ValueError, match="height and width written out"):
        _ = open_spec.output_size
    about = ((150, 140), (0.1, 0.2, 0.3), (1.0, 1.0, 1.0))
    faces, others = (resolve(open_spec, *about, faces=shown) for shown in (True, False))
    assert faces.output_size == (150, 140)
    assert faces.normalization.mean == (0.1, 0.2, 0.3)
    assert faces.face_crop is not None
    assert others.face_crop is None
    assert resolve(faces, (1, 1), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) == faces
