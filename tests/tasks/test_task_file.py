from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.errors import InputError
from maskwise.tasks.label_space import Attribute, LabelSpace
from maskwise.tasks.task import task_of_space
from maskwise.tasks.task_file import parse_task, read_task_file, task_from_dict

XRAY = """
schema: 1
name: chest-xray
group: [site, patient]
columns: {photo: file_name}
attributes:
  - name: finding
    values: [No finding, COVID-19]
    aliases: {"no finding": No finding, Pneumonia: null}
    unknown: ["", "n/a"]
    per: photo
  - name: age
    boundaries: [45, 65]
    range: [0, 120]
    unit: years
    aliases: {early 40s: 42, 50+: null}
    per: patient
score: mean
notices: [Research use only.]
"""


def test_a_task_is_read() -> None:
    task = parse_task(XRAY)
    assert (task.name, task.levels, task.group, task.score) == (
        "chest-xray",
        ("site", "patient"),
        "site",
        "mean",
    )
    assert task.column("photo") == "file_name"
    finding, age = task.space.attributes
    assert finding.values == ("No finding", "COVID-19")
    assert (finding.per, age.per) == ("photo", "patient")
    assert age.values == ("<45", "45-64", ">=65")
    assert task.texts["finding"].aliases == {"no finding": "No finding", "Pneumonia": None}
    assert task.texts["age"].aliases == {"early 40s": "42", "50+": None}
    assert task.notices == ("Research use only.",)


def test_a_task_survives_storage() -> None:
    for task in (parse_task(XRAY), competition_task(), parse_task(XRAY).with_fractions({"age": True})):
        again = task_from_dict(task.to_dict())
        assert (again.declaration, again.space, again.texts) == (task.declaration, task.space, task.texts)


def test_the_competition_is_one_of_them() -> None:
    task = competition_task()
    assert (task.group, task.score, task.space.n_classes) == ("person", "joint", 18)
    assert task.with_fractions({"age": True}).space.attributes[2].values == ("<30", "30-59", ">=60")


def test_fractions_name_bands_as_intervals() -> None:
    assert parse_task(XRAY).with_fractions({"age": True}).space.attributes[1].values == (
        "<45",
        "[45, 65)",
        ">=65",
    )
    assert parse_task(XRAY).with_fractions({"age": False}).space.attributes[1].values[1] == "45-64"


def test_each_photo_may_stand_for_itself() -> None:
    task = parse_task(XRAY.replace("[site, patient]", "{each: photo}").replace("per: patient", "per: photo"))
    assert (task.levels, task.group) == ((), "photo")
    assert task_from_dict(task.to_dict()).levels == ()


def test_names_that_tables_have_get_another_column() -> None:
    task = parse_task(
        "{schema: 1, name: x, group: {each: photo}, attributes: ["
        "{name: source, values: [a, b]}, {name: p_00, values: [a, b]}, {name: score, values: [a, b]},"
        "{name: error, boundaries: [1], range: [0, 2]}, {name: 나이, values: [a, b]}]}"
    )
    assert [a.label_column for a in task.space.attributes] == [
        "source_label",
        "p_00_label",
        "score",
        "error_band",
        "나이",
    ]
    assert task.space.attributes[3].number_column == "error_number"


def test_several_values_are_several_attributes() -> None:
    task = parse_task(
        "{schema: 1, name: x, group: patient, attributes: ["
        "{name: signs, values: [cough, fever], several: true, separator: ';', per: patient}]}"
    )
    assert [a.name for a in task.space.attributes] == ["signs_cough", "signs_fever"]
    assert task.space.attributes[0].values == ("no", "yes")
    assert task.texts["signs_fever"].member == "fever"
    assert task.texts["signs_fever"].column == "signs"


def test_a_mean_over_thousands_of_classes_builds_none_of_them() -> None:
    attributes = ", ".join(f"{{name: a{k}, values: [{', '.join('bcdefghij')}]}}" for k in range(20))
    task = parse_task(f"{{schema: 1, name: x, group: patient, attributes: [{attributes}]}}")
    assert task.space.n_classes == 9**20
    with pytest.raises(InputError, match="score: expected mean for attributes that span"):
        parse_task(f"{{schema: 1, name: x, group: patient, score: joint, attributes: [{attributes}]}}")


def test_labels_without_a_task_get_one() -> None:
    space = LabelSpace(
        "old", (Attribute("a", "photo", ("x", "y")), Attribute("b", "person", (), (1.5,), (0, 3)))
    )
    task = task_of_space(space)
    assert (task.space, task.levels, task.score) == (space, ("person",), "joint")
    moved = competition_task().space.with_boundaries({"age": (30, 58)})
    assert task_of_space(moved).space == moved


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    values: [No",
            "    valeus: [No",
            r"line 8: expected one of the keys .* got valeus \(closest: values",
        ),
        ("score: mean", "score: median", r"line 18, score: expected 'joint' or 'mean', got median"),
        ("schema: 1", "schema: 2", r"line 2, schema: expected 1, got 2"),
        ("schema: 1\n", "", r"expected the key schema, got none"),
        ("group: [site, patient]\n", "", r"expected the key group, got none; for example"),
        ("group: [site, patient]", "group: []", r"line 4, group: expected a group, got an empty list"),
        ("group: [site, patient]", "group: [site, site]", "expected distinct levels"),
        ("group: [site, patient]", "group: [split, patient]", "expected distinct levels, none called"),
        (
            "per: patient",
            "per: patinet",
            r"attributes\[1\].per: expected photo or site or patient, got patinet \(closest: patient",
        ),
        (
            "COVID-19]",
            "no]",
            r'line 8, attributes\[0\].values\[1\]: expected text, got no, which YAML reads as false: write "no"',
        ),
        ("COVID-19]", "1e3]", r"values\[1\]: expected text, got 1e3, which YAML reads as the number 1000"),
        ("COVID-19]", "007]", r'got 007, which YAML reads as the number 7: write "007" in quotes'),
        ("COVID-19]", "2020-01-02]", r"got 2020-01-02, which YAML reads as a date"),
        (
            "COVID-19]",
            "No finding]",
            r"attributes\[0\]: Expected attribute finding to have at least 2 distinct values",
        ),
        (
            "No finding, Pneumonia",
            "No findings, Pneumonia",
            r"attributes\[0\]: Expected aliases\['no finding'\] to be one of .*closest: No finding",
        ),
        ("42", "142", r"Expected aliases\['early 40s'\] to be from 0 to 120, got 142"),
        ("[45, 65]", "[45, 165]", r"attributes\[1\]: Expected the boundaries of age to rise inside"),
        ("[45, 65]", "[45, old]", r"line 13, attributes\[1\].boundaries\[1\]: expected a number, got 'old'"),
        ("    range: [0, 120]\n", "", "to state its range"),
        (
            "{photo: file_name}",
            "{foto: file_name}",
            r"columns: expected one of photo, .* got foto \(closest: photo",
        ),
        ("columns: {photo: file_name}", "from_path: '('", "from_path: expected a regular expression"),
        ("columns: {photo: file_name}", "from_path: 'x'", "from_path: expected named groups"),
        ("name: age", "name: finding", "distinct names"),
        ("name: age", "name: patient", "expected another name than a group's"),
        ("unit: years", "values: [a, b]", "to have values or boundaries, got both"),
    ],
)
def test_a_wrong_key_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in XRAY
    path = tmp_path / "task.yaml"
    path.write_text(XRAY.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_task_file(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_no_task_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="to exist"):
        read_task_file(tmp_path / "task.yaml")
    for text in ("", "[]", "x"):
        with pytest.raises(InputError, match="expected a task with keys schema, name, group"):
            parse_task(text)


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=8)


@given(
    st.dictionaries(
        st.sampled_from(
            ["schema", "name", "group", "columns", "attributes", "score", "notices", "from_path"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers(0, 3) | st.floats() | TEXT,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "values", "per", "boundaries", "range", "each", "several"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_any_declaration_is_a_task_or_one_line(content: dict[str, object]) -> None:
    try:
        task = task_from_dict({"schema": 1, "name": "x", "group": "patient", **content})
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert task_from_dict(task.to_dict()).space == task.space
