import sys
from pathlib import Path

import pytest

from maskwise.errors import InputError
from tests.opened import track_run


def test_a_run_is_logged_with_parameters_metrics_and_lineage(tiny_run: Path, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    name = track_run(tiny_run, str(tmp_path / "store"))
    logged = mlflow.get_run(name)
    assert logged.data.params["optimizer.lr"] == "0.005"
    assert logged.data.metrics["macro_f1_low"] <= logged.data.metrics["macro_f1"]
    kept = {p.name for p in (tmp_path / "store").rglob("*.*") if p.is_file()}
    assert {"recipe.yaml", "lineage.json", "metrics.json", "history.csv"} <= kept
    assert "report.html" not in kept
    track_run(tiny_run, str(tmp_path / "store"), report=True)
    assert any(p.name == "report.html" for p in (tmp_path / "store").rglob("*"))


def test_a_missing_extra_is_named(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r"maskwise\[tracking\]"):
        track_run(tiny_run, str(tmp_path / "store"))
