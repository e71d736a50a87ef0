"""Files of a run that nest without end: one line, no traceback."""

import shutil
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.runs.run import Run

PARTS = {
    "recipe.yaml": "recipe",
    "metrics.json": "metrics",
    "lineage.json": "lineage",
    "members/00/model.json": "card",
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, ""])
def test_a_file_of_a_hundred_thousand_brackets_is_one_line(
    tiny_run: Path, tmp_path: Path, name: str, text: str
) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    (run / name).write_text(text)
    with pytest.raises(InputError) as caught:
        getattr(Run(run), PARTS[name])
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500
