import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.extras import import_extra

SCRIPT = """
import json, os, sys
from maskwise.extras import import_extra
nncf = import_extra("nncf", "NNCF", "export")
import_extra("openvino", "OpenVINO", "export")
from nncf.telemetry.wrapper import telemetry
kept = {name: os.environ[name] for name in ("MLFLOW_DISABLE_TELEMETRY", "RAY_USAGE_STATS_ENABLED")}
print(json.dumps({"telemetry": type(telemetry).__name__, "kept": kept}))
"""


def test_nothing_is_sent_anywhere_unasked(tmp_path: Path) -> None:
    # A process of its own: NNCF stays silent by itself where it sees pytest.
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"HOME": str(tmp_path), "RAY_USAGE_STATS_ENABLED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["telemetry"] == "MagicMock"
    assert found["kept"] == {"MLFLOW_DISABLE_TELEMETRY": "true", "RAY_USAGE_STATS_ENABLED": "1"}
    assert not (tmp_path / "intel").exists()


def test_a_missing_extra_is_one_line_that_names_it() -> None:
    with pytest.raises(InputError, match=r"maskwise\[serve\]"):
        import_extra("no_such_module", "a module", "serve")
