import numpy as np
import pytest
import torch
from pydantic import ValidationError

from maskwise.recipes.mixing import HalfFaceSpec
from maskwise.training.mixing.vertical_cutmix import half_face_partners, mix_half_faces

KINDS = np.array([0, 0, 1, 1, 0, 2, 1, 0])


def drawn(epoch: int, **choices: object) -> object:
    givers = np.ones(len(KINDS), dtype=bool)
    return half_face_partners(HalfFaceSpec.model_validate(choices), KINDS, givers, (0, epoch))


def test_partners_are_of_the_same_kind_and_the_cut_is_in_the_middle() -> None:
    for epoch in range(50):
        partners = drawn(epoch, probability=1.0)
        assert (KINDS[partners.rows] == KINDS).all()
        assert sorted(partners.rows) == list(range(8))
        assert ((partners.splits >= 0.46) & (partners.splits <= 0.54)).all()


def test_the_share_of_mixed_batches_is_the_recipes_and_the_key_decides() -> None:
    mixed = [drawn(epoch, probability=0.3) is not None for epoch in range(1000)]
    assert 0.25 < np.mean(mixed) < 0.35
    assert (drawn(3, probability=1).rows == drawn(3, probability=1).rows).all()
    assert any((drawn(3, probability=1).rows != drawn(e, probability=1).rows).any() for e in range(4, 9))
    assert drawn(0, probability=0) is None


def test_the_left_is_ones_own_the_right_is_the_partners_and_so_are_the_targets() -> None:
    partners = drawn(1, probability=1.0)
    images = torch.arange(8, dtype=torch.uint8)[:, None, None, None].expand(8, 4, 100, 3).contiguous()
    targets = torch.eye(8)
    mixed, shared = mix_half_faces(images, targets, partners)
    for row, (partner, split) in enumerate(zip(*partners, strict=True)):
        cut = round(split * 100)
        assert (mixed[row, :, :cut] == row).all()
        assert (mixed[row, :, cut:] == partner).all()
        assert shared[row, partner] >= 1 - cut / 100 - 1e-6
    assert torch.allclose(shared.sum(dim=1), torch.ones(8))
    assert (images[:, 0, 0, 0] == torch.arange(8)).all()


def test_a_cut_outside_of_the_photo_is_refused() -> None:
    with pytest.raises(ValidationError, match="two rising shares"):
        HalfFaceSpec(split=(0.6, 0.4))
    with pytest.raises(ValidationError, match="two rising shares"):
        HalfFaceSpec(split=(0.0, 0.5))


def test_only_givers_give_and_who_has_none_stays_whole() -> None:
    givers = np.array([True, False, True, False, False, False, False, False])
    for epoch in range(30):
        rows = half_face_partners(HalfFaceSpec(probability=1.0), KINDS, givers, (0, epoch)).rows
        assert set(rows[KINDS == 0]) == {0}
        assert set(rows[KINDS == 1]) == {2}
        assert rows[5] == 5
