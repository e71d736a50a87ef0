from pathlib import Path

import pytest

from maskwise.data.readers.find_task import find_task
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.data.readers.formats import write_photo

TASK = "{schema: 1, name: NAME, group: plant, attributes: [{name: kind, values: [oak, elm]}]}"


@pytest.fixture
def plants(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("photo,plant,kind\na.jpg,1,oak\n")
    return tmp_path


def test_the_order(plants: Path) -> None:
    for name in ("named", "recipe"):
        (plants / f"{name}.yaml").write_text(TASK.replace("NAME", name))
    recipe = str(plants / "recipe.yaml")
    with pytest.raises(InputError, match=r"maskwise data task .*t\.csv --out .*task\.yaml"):
        find_task(plants / "t.csv")
    assert find_task(plants / "t.csv", recipe=recipe).name == "recipe"
    (plants / "task.yaml").write_text(TASK.replace("NAME", "beside"))
    assert find_task(plants / "t.csv", recipe=recipe).name == "beside"
    assert find_task(plants / "t.csv", plants / "named.yaml", recipe).name == "named"
    assert find_task(plants / "t.csv", "competition").space.n_classes == 18
    assert read_data(plants / "t.csv").frame["plant"].to_list() == ["1"]


def test_the_competition_where_the_layout_is_its_own(people: Path, tmp_path: Path) -> None:
    assert find_task(people).group == "person"
    for header, found in (
        ("photo,mask,gender,age,finding", True),
        ("photo,person,age_band", True),
        ("photo,age,finding", False),
        ("file_name,mask,gender,age", False),
        ("photo,person", True),
    ):
        path = tmp_path / "t.csv"
        path.write_text(header + "\n")
        if found:
            assert find_task(path).space.n_classes == 18
        else:
            with pytest.raises(InputError, match="Expected a task"):
                find_task(path)


def test_an_unknown_name_is_one_line(tmp_path: Path) -> None:
    write_photo(tmp_path / "oak" / "1.jpg")
    with pytest.raises(InputError, match=r"one of competition, got 'competion' \(closest: competition\)"):
        find_task(tmp_path, "competion")
