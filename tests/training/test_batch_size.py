import os
import subprocess
import sys
import textwrap

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.losses.create import create_loss
from maskwise.losses.focal import FocalSpec
from maskwise.models.classifier import ModelSpec, create_classifier
from maskwise.training.batch_size import divide_batch, fits_on_gpu, largest_batch


@given(st.integers(1, 5000))
def test_the_largest_batch_is_found_to_an_eighth(limit: int) -> None:
    tried = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= limit

    found = largest_batch(fits, most=4096)
    assert found <= limit
    assert found >= min(limit, 4096) * 8 / 9 - 1
    assert max(tried) <= 2 * limit + 1
    assert len(tried) <= 20


def test_not_even_one_photo_is_an_error() -> None:
    with pytest.raises(InputError, match="one photo to fit"):
        largest_batch(lambda size: False)


@given(st.integers(1, 600), st.integers(1, 64), st.integers(1, 8))
def test_the_effective_batch_is_kept_exactly(found: int, share: int, processes: int) -> None:
    size, accumulate = divide_batch(found, share * processes, processes)
    assert size * accumulate * processes == share * processes
    assert size <= found


def test_without_an_effective_batch_all_that_fits_is_used() -> None:
    assert divide_batch(100, None, 4) == (100, 1)
    with pytest.raises(InputError, match="multiple of the 3 processes"):
        divide_batch(100, 128, 3)


def test_a_cpu_is_told_to_set_a_number() -> None:
    spec = TransformSpec.model_validate(
        {"steps": [{"step": "resize", "height": 32, "width": 32}, {"step": "normalize"}]}
    )
    model, _ = create_classifier(
        ModelSpec(backbone="test_efficientnet", weights="none"), competition_task().space, seed=0
    )
    with pytest.raises(InputError, match=r"Expected a GPU for training\.batch_size=auto"):
        fits_on_gpu(model, create_loss(FocalSpec(), torch.ones(18)), spec, torch.device("cpu"), None)


def test_processes_agree_on_what_fits_all_of_them() -> None:
    script = textwrap.dedent("""
        from maskwise.training.batch_size import largest_batch
        from maskwise.training.distributed import join_group, rank
        join_group()
        limit = (300, 90)[rank()]
        found = largest_batch(lambda size: size <= limit)
        print(f"found {rank()} {found}", flush=True)
    """)
    port = 29500 + os.getpid() % 1000
    environment = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**environment, "RANK": str(r)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for r in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].split()[-1] for process in started]
    assert answers[0] == answers[1]
    assert 80 <= int(answers[0]) <= 90
