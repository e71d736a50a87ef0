"""The documents for contributors are true: packages, their order, and the files that are named."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "maskwise"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def documented_packages() -> list[str]:
    table = ARCHITECTURE.split("## Packages, top to bottom")[1].split("##")[0]
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def layers() -> list[list[str]]:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    lines = contract["contracts"][0]["layers"]
    return [[name.strip().removeprefix("maskwise.") for name in line.split("|")] for line in lines]


def test_every_package_is_documented_and_the_reverse() -> None:
    there = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file()}
    there |= {path.stem for path in SOURCE.glob("*.py") if path.stem not in ("__init__", "__main__")}
    assert sorted(documented_packages()) == sorted(there)


def test_the_documented_order_is_the_one_that_is_checked() -> None:
    place = {name: floor for floor, names in enumerate(layers()) for name in names}
    documented = documented_packages()
    assert set(documented) == set(place)
    floors = [place[name] for name in documented]
    assert floors == sorted(floors)


def test_every_named_file_exists() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", ARCHITECTURE)
    assert len(named) >= 15
    assert [name for name in named if not (SOURCE / name).is_file()] == []
    for name in re.findall(r"`((?:src|tests)/[\w/]+(?:\.py)?/?)`", CONTRIBUTING):
        if "NAME" not in name:
            assert (ROOT / name).exists(), name
