import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskwise.cli.main import app

UNIT = Path(__file__).resolve().parents[2] / "docs" / "maskwise.service"


def test_the_unit_in_the_documents_starts_what_there_is(tmp_path: Path) -> None:
    start = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
    words = start.partition("=")[2].split()
    told = CliRunner().invoke(app, ["serve", "--help"]).stdout
    assert words[1] == "serve"
    options = [word for word in words if word.startswith("--")]
    assert options
    assert all(option in told for option in options)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here to check the unit with")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace(words[0], shutil.which("true") or "/bin/true"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert not checked.stderr
