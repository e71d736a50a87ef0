import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from maskwise.data.augmentations import (
    Blur,
    Color,
    Erase,
    Grayscale,
    Jpeg,
    Noise,
    PixelStep,
    Resample,
    SoftenEdges,
    change_pixels,
)
from maskwise.data.transform import TransformSpec, finish
from tests.pictures import picture

PIXELS = picture(3)
CERTAIN = [
    Color(),
    Grayscale(probability=1),
    Blur(probability=1),
    SoftenEdges(probability=1),
    Resample(probability=1),
    Noise(probability=1),
    Erase(probability=1),
]


@pytest.mark.parametrize("step", CERTAIN, ids=lambda step: step.step)
def test_a_step_is_a_function_of_its_key_and_changes_a_copy(step: PixelStep) -> None:
    before = PIXELS.copy()
    changed = change_pixels(PIXELS, step, (0, 1, "a"))
    assert changed.shape == PIXELS.shape
    assert changed.dtype == np.uint8
    assert (changed != PIXELS).any()
    assert (before == PIXELS).all()
    assert (changed == change_pixels(PIXELS, step, (0, 1, "a"))).all()
    if step.step != "grayscale":
        assert (changed != change_pixels(PIXELS, step, (0, 2, "a"))).any()


@pytest.mark.parametrize("step", CERTAIN[1:], ids=lambda step: step.step)
def test_the_probability_is_met(step: PixelStep) -> None:
    rare = step.model_copy(update={"probability": 0.3})
    changed = [
        (change_pixels(PIXELS[:24, :24], rare, (0, e, "a")) != PIXELS[:24, :24]).any() for e in range(400)
    ]
    assert 0.2 < np.mean(changed) < 0.4


def test_color_without_amounts_is_nothing_and_saturation_keeps_grey() -> None:
    still = Color(brightness=0, contrast=0, saturation=0)
    assert np.abs(change_pixels(PIXELS, still, (0,)).astype(int) - PIXELS).max() <= 1
    soft = np.clip(PIXELS, 60, 190)
    grey = cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY).astype(float)
    for epoch in range(5):
        changed = change_pixels(soft, Color(brightness=0, contrast=0, saturation=0.3), (0, epoch))
        assert (changed != soft).any()
        assert np.abs(cv2.cvtColor(changed, cv2.COLOR_RGB2GRAY) - grey).max() <= 1


def test_erase_fills_a_rectangle_of_the_area_asked_for() -> None:
    blank = np.zeros((100, 100, 3), np.uint8)
    for epoch in range(30):
        changed = change_pixels(blank, Erase(probability=1, area=(0.05, 0.1)), (0, epoch)).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert 0.04 < changed.mean() < 0.11


def test_only_the_strongest_edges_are_softened() -> None:
    # A drawn-on patch: a hard border all around, faint grain on both sides of it.
    grain = np.random.default_rng(0).integers(0, 3, (96, 96, 1), dtype=np.uint8)
    hard = np.full((96, 96, 3), 90, np.uint8)
    hard[24:72, 24:72] = 200
    hard += grain
    soft = change_pixels(hard, SoftenEdges(probability=1, sigma=(1.5, 1.5), share=0.03), (0,)).astype(int)
    steps = np.abs(np.diff(soft[48, :, 0]))
    assert np.abs(np.diff(hard[48, :, 0].astype(int))).max() > 100
    assert steps.max() < 50
    assert abs(soft[48, 48, 0] - soft[48, 8, 0]) > 100
    assert (soft[40:56, 40:56] == hard[40:56, 40:56]).all()
    assert (soft[:16] == hard[:16]).all()
    # As soft as if all were blurred, however much that is.
    for sigma in (0.7, 1.0, 2.0):
        step = SoftenEdges(probability=1, sigma=(sigma, sigma), share=0.03)
        jump, plain = (
            np.abs(np.diff(pixels[48, :, 0].astype(int))).max()
            for pixels in (change_pixels(hard, step, (0,)), cv2.GaussianBlur(hard, (0, 0), sigma))
        )
        assert jump <= plain + 2
    flat = np.full((32, 32, 3), 7, np.uint8)
    assert (change_pixels(flat, SoftenEdges(probability=1), (0,)) == flat).all()


def test_noise_has_its_spread() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    changed = change_pixels(grey, Noise(probability=1, sigma=(5, 5)), (0,)).astype(float)
    assert changed.std() == pytest.approx(5, abs=0.1)
    assert changed.mean() == pytest.approx(128, abs=0.1)


def test_a_lower_quality_changes_more() -> None:
    differences = []
    for quality in (95, 10):
        step = Jpeg(probability=1, quality=(quality, quality))
        changed = change_pixels(PIXELS, step, (0, 1, "a"))
        assert changed.shape == PIXELS.shape
        differences.append(np.abs(changed.astype(int) - PIXELS).mean())
    assert 0 < differences[0] < differences[1]


def spec(*steps: dict[str, object]) -> TransformSpec:
    return TransformSpec.model_validate({"steps": [*steps, {"step": "normalize"}]})


RESIZE = {"step": "resize", "height": 32, "width": 32}


def test_steps_of_training_are_for_training_and_grey_may_be_for_all() -> None:
    assert finish(PIXELS, spec(RESIZE, {"step": "blur", "probability": 1}), train=False) is PIXELS
    grey = spec(RESIZE, {"step": "grayscale", "probability": 1, "phase": "always"})
    assert (np.ptp(finish(PIXELS, grey, train=False), axis=2) == 0).all()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"step": "blur"}, RESIZE], "after the resize"),
        ([RESIZE, {"step": "blur", "sigma": [2, 1]}], "rising"),
        ([RESIZE, {"step": "grayscale", "phase": "always"}], "phase train for random steps"),
        ([RESIZE, {"step": "blur"}, {"step": "blur"}], "each step once"),
        ([{"step": "blur"}], "expected a resize"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(steps: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(*steps)
