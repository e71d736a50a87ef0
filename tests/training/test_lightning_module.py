from pathlib import Path

import numpy as np
import torch
from torch import nn

from maskwise.data.transform import Normalize
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.lightning_module import TrainingModule
from maskwise.training.prepare_data import prepare


def test_a_batch_is_mixed_with_photos_of_the_recipes_kind_and_so_are_its_targets(people: Path) -> None:
    old = '{kind: half_face, probability: 1, same: [gender], partner: {age: ">=60"}}'
    for mixing, agreeing, giving in (("{kind: half_face, probability: 1}", 0, None), (old, 1, 2)):
        recipe = load_recipe("cpu", [f"mixing={mixing}"])
        prepared = prepare(people, recipe)
        module = TrainingModule(
            nn.Identity(),
            nn.Identity(),
            recipe,
            space=prepared.table.space,
            normalization=Normalize(mean=(0, 0, 0), std=(1, 1, 1)),
            train_targets=prepared.targets,
            score_classes=prepared.photos.score_classes,
            steps_per_epoch=1,
        )
        rows = prepared.train_rows[::2][:60]
        # Each photo is as bright as its place in the batch, so that a half tells whose it is.
        images = torch.arange(len(rows), dtype=torch.uint8)[:, None, None, None].expand(-1, 4, 50, 3)
        mixed, targets = module._mixed(torch.from_numpy(rows), images.contiguous(), 0)
        places = (mixed[:, 0, 0] * 255).round().long().numpy()
        givers = places[:, -1]
        assert (places[:, 0] == np.arange(len(rows))).all()
        assert (givers != places[:, 0]).sum() > 20
        values = prepared.table.space.decode(prepared.photos.score_classes[rows])
        assert (values[givers, agreeing] == values[:, agreeing]).all()
        given = givers != places[:, 0]
        assert giving is None or (values[givers[given], 2] == giving).all()
        own = torch.from_numpy(prepared.targets[rows])
        share = torch.from_numpy((places == places[:, :1]).mean(axis=1, keepdims=True)).float()
        expected = torch.where(torch.from_numpy(given)[:, None], share * own + (1 - share) * own[givers], own)
        assert torch.allclose(targets, expected, atol=1e-6)
