import torch

from maskwise.recipes.mixing import CutmixSpec, MixupSpec
from maskwise.training.mixing.pair_mixing import mix_pairs

IMAGES = torch.arange(6.0)[:, None, None, None].expand(6, 3, 20, 20).contiguous()
TARGETS = torch.eye(6)


def test_mixup_blends_with_the_photo_before_and_the_targets_alike() -> None:
    torch.manual_seed(0)
    images, targets = mix_pairs(IMAGES, TARGETS, MixupSpec(probability=1.0, alpha=1.0))
    for row in range(6):
        share = targets[row, row]
        expected = share * row + (1 - share) * ((row - 1) % 6)
        assert torch.allclose(images[row], expected.expand(3, 20, 20), atol=1e-5)
    assert 0 < targets[0, 0] < 1
    assert torch.allclose(targets.sum(1), torch.ones(6))


def test_cutmix_shares_targets_by_area() -> None:
    torch.manual_seed(1)
    images, targets = mix_pairs(IMAGES, TARGETS, CutmixSpec(probability=1.0))
    for row in range(6):
        kept = (images[row, 0] == row).float().mean()
        assert torch.isclose(targets[row, row], kept, atol=1e-5)


def test_the_probability_is_of_a_batch_and_one_photo_alone_is_never_mixed() -> None:
    torch.manual_seed(2)
    spec = MixupSpec(probability=0.3)
    mixed = [mix_pairs(IMAGES, TARGETS, spec)[1] is not TARGETS for _ in range(400)]
    assert 0.2 < sum(mixed) / 400 < 0.4
    for alone in (MixupSpec(probability=1.0), CutmixSpec(probability=1.0)):
        images, targets = mix_pairs(IMAGES[5:], TARGETS[5:], alone)
        assert torch.allclose(images, IMAGES[5:])
        assert torch.allclose(targets, TARGETS[5:])
