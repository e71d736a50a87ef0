import inspect
from pathlib import Path

from typer.main import get_command

from maskwise import notebook
from maskwise.cli.main import app
from tests.pictures import make_people


def test_commands_are_functions_of_the_same_names(tmp_path: Path) -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {"audit", "review", "train", "evaluate", "compare", "export", "rebuild", "runs"} <= (
        commands & set(notebook.__all__)
    )
    assert all(inspect.getdoc(getattr(notebook, name)) for name in notebook.__all__)
    data = make_people(tmp_path / "data", 4)
    broken = sorted(data.rglob("*.jpg"))[0]
    broken.write_bytes(b"")
    (broken.with_name("mask2.jpg")).write_bytes((broken.with_name("mask3.jpg")).read_bytes())
    found = notebook.audit(data, tmp_path / "audit", photos_in_report=False)
    assert found.findings[0].kind in ("unusable file", "the same file twice")
    assert len(notebook.review(tmp_path / "audit")) == 1
