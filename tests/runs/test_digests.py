"""Bytes of a run that changed since they were written are found on opening, wherever they are read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwise.errors import InputError
from maskwise.inference.load_run import load_members
from maskwise.recipes.recipe_files import load_recipe
from maskwise.runs.digests import check_digest, digest_of, run_digests
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.studies.rebuild import rebuild
from maskwise.training.train import train

READERS: dict[str, Callable[[Run], object]] = {
    "recipe.yaml": lambda run: run.recipe,
    "metrics.json": lambda run: run.metrics,
    "split.parquet": lambda run: run.split,
    "predictions.parquet": lambda run: run.predictions,
    "members/00/model.json": lambda run: run.card,
    "members/00/model.safetensors": load_members,
}


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def test_the_lineage_has_a_digest_of_every_file_that_a_run_is_opened_from(tiny_run: Path) -> None:
    digests = Run(tiny_run).lineage.digests
    assert set(digests) == set(READERS)
    assert digests == run_digests(RunFolder(tiny_run))


@pytest.mark.parametrize("name", READERS)
def test_a_changed_file_is_refused_and_a_run_without_digests_opens(run: Path, name: str) -> None:
    READERS[name](Run(run))
    with (run / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(InputError, match=r"as the run wrote it|expected the weights|got:"):
        READERS[name](Run(run))
    if name.endswith((".json", ".yaml")):
        lineage = json.loads((run / "lineage.json").read_text())
        del lineage["digests"]
        (run / "lineage.json").write_text(json.dumps(lineage))
        READERS[name](Run(run))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_no_flipped_bit_of_the_weights_goes_unseen(run: Path, share: float) -> None:
    path = run / "members/00/model.safetensors"
    place = int(share * path.stat().st_size)
    flip(path, place)
    with pytest.raises(InputError, match="as the run wrote it"):
        load_members(Run(run))
    flip(path, place)
    check_digest(RunFolder(run), path, Run(run).lineage.digests)


def test_resume_and_rebuild_refuse_changed_files(run: Path, people: Path, tmp_path: Path) -> None:
    path = run / "members/00/model.safetensors"
    flip(path, path.stat().st_size - 5)
    with pytest.raises(InputError, match=r"model\.safetensors to be as the run wrote it"):
        train(load_recipe(str(run / "recipe.yaml")), people, run, resume=True)
    with pytest.raises(InputError, match=r"model\.safetensors to be as the run wrote it"):
        rebuild(Run(run), data=people, out=tmp_path / "again")


def test_a_digest_is_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert digest_of(path) == "cae66941d9efbd404e4d88758ea67670"
