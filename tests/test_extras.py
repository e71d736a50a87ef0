import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.extras import import_extra
from maskwise.studies.claims import PEOPLE, read_claims

SCRIPT = """
import json, os, sys
from maskwise.extras import import_extra
from maskwise.studies.claims import PEOPLE, read_claims
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


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from maskwise.cli.main import main
main()
"""


@pytest.mark.parametrize(
    "words",
    [("data", "people", "{folder}/people"), ("reproduce", "--data", "{folder}", "--only", "{claim}")],
)
def test_drawing_people_without_numba_is_one_line_that_names_the_extra(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    claim = next(
        claim.name
        for claim in read_claims()
        if any([PEOPLE] in values for values in claim.variables.values())
    )
    asked = [word.format(folder=tmp_path, claim=claim) for word in words]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA, *asked], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith("it is not installed: pip install 'maskwise[people]'.")
    assert not list(tmp_path.iterdir())


def test_the_other_claims_need_no_numba() -> None:
    imported = "import sys; sys.modules['numba'] = None; import maskwise.studies.reproduce"
    subprocess.run([sys.executable, "-c", imported], check=True)
