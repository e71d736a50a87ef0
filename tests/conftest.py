"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest

from tests.pictures import TINY, make_people

REAL_PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "photos" / "train"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads what another, or a user, has cached."""
    monkeypatch.setenv("MASKWISE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def real_photos() -> Path:
    if not (REAL_PHOTOS / "train.csv").is_file():
        pytest.skip("the real photos are not here")
    return REAL_PHOTOS


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 persons, made once; tests that change files make their own."""
    return make_people(tmp_path_factory.mktemp("people"), 24)


@pytest.fixture(scope="session")
def tiny_run(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny model, made once."""
    from maskwise.recipes.recipe_files import load_recipe
    from maskwise.training.train import train

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    before = os.environ.get("MASKWISE_CACHE")
    os.environ["MASKWISE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    train(load_recipe("cpu", [*TINY, "training.epochs=8"]), people, folder)
    if before is None:
        del os.environ["MASKWISE_CACHE"]
    else:
        os.environ["MASKWISE_CACHE"] = before
    return folder
