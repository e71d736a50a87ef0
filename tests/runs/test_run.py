import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.runs.run import Run, open_finished_run, open_run
from tests.studies.runs import write_predictions

OLD_RUN = Path(__file__).parent / "old_run"


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """A run as the version before typed runs wrote it, with predictions made here."""
    folder = tmp_path / "old"
    shutil.copytree(OLD_RUN, folder)
    write_predictions(folder, right=0.7, noise=0, persons=12, split=0)
    return folder


def test_a_run_of_the_version_before_opens(old_run: Path) -> None:
    run = open_finished_run(old_run)
    assert run.name == "old"
    assert run.recipe.name == "cpu"
    assert run.recipe.decision == run.metrics.decision == "marginal"
    assert run.space.n_classes == 18
    assert run.predictions.height == 84
    assert run.ensemble.combine == "mean"
    assert run.values["training.epochs"] == 2
    assert not run.has_decision
    evaluation = Run(old_run, "eval")
    assert evaluation.metrics.n_photos == 42
    assert evaluation.metrics.data == "people/eval"


def test_each_file_is_read_once(old_run: Path) -> None:
    run = open_finished_run(old_run)
    before = run.metrics
    for name in ("recipe.yaml", "metrics.json", "lineage.json", "predictions.parquet"):
        (old_run / name).unlink()
    assert run.metrics is before
    assert run.lineage.finished
    assert run.predictions.height == 84


def test_what_is_no_finished_run_says_so(old_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="to be a run folder, but it does not exist"):
        open_run(tmp_path / "nowhere")
    with pytest.raises(InputError, match="it is no run of maskwise"):
        open_run(tmp_path)
    lineage = json.loads((old_run / "lineage.json").read_text())
    (old_run / "lineage.json").write_text(json.dumps(lineage | {"finished": False}))
    with pytest.raises(InputError, match="to be a finished run"):
        open_finished_run(old_run)
    with pytest.raises(InputError, match="to have a fitted decision"):
        _ = Run(old_run).decision


def test_a_run_is_checked_without_loading_torch(old_run: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from maskwise.inference.exported import open_model\n"
        f"open_model(Path({str(old_run)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
