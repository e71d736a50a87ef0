import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.tasks.propose import guess_from_path, propose_task
from maskwise.tasks.propose_group import find_group, not_by_chance
from maskwise.tasks.propose_yaml import proposal_yaml
from maskwise.tasks.task_file import parse_task


def plants(n: int = 120) -> pl.DataFrame:
    """Three photos per plant; the height is fractional, the site named `source`."""
    return pl.DataFrame(
        {
            "photo": [f"{k}.jpg" for k in range(n)],
            "plant": [f"P{k // 3}" for k in range(n)],
            "leaf": [("healthy", "rust", "Rust ")[k % 3] for k in range(n)],
            "species": [("oak", "elm", "ash")[k // 3 % 3] for k in range(n)],
            "height": [f"{1 + (k // 3) * 0.37:.2f}" for k in range(n)],
            "index": [str(k) for k in range(n)],
            "note": [f"seen on day {k}" for k in range(n)],
            "empty": [""] * n,
            "same": ["x"] * n,
            "source": [("a", "b")[k // 60] for k in range(n)],
            "rare": ["odd" if k < 4 else ("n/a", "up", "down")[k % 3] for k in range(n)],
        }
    )


def test_a_proposal_is_a_task() -> None:
    proposal = propose_task(plants(), "photo")
    assert (proposal.group, proposal.group_column) == ("plant", "plant")
    task = parse_task(proposal_yaml(proposal, "plants", "plants.csv"))
    assert task.score == "joint"
    by_name = {a.name: a for a in task.space.attributes}
    assert list(by_name) == ["leaf", "species", "height", "rare"]
    assert set(by_name["leaf"].values) == {"healthy", "rust", "Rust"}
    assert (by_name["leaf"].per, by_name["species"].per, by_name["height"].per) == ("photo", "plant", "plant")
    assert by_name["height"].fractions
    assert len(by_name["height"].values) == 3
    assert set(by_name["rare"].values) == {"up", "down"}
    assert task.texts["rare"].aliases == {"odd": None}
    assert task.texts["rare"].unknown == ("", "n/a")
    assert {column for column, _ in proposal.left_out} == {"index", "note", "empty", "same", "source"}


def test_attributes_with_many_combinations_are_proposed_with_a_mean_score() -> None:
    letters = {f"site{i}": [f"v{(k * 7 + i) % 5}" for k in range(120)] for i in range(3)}
    assert (
        propose_task(plants().with_columns(**{k: pl.Series(v) for k, v in letters.items()}), "photo").score
        == "mean"
    )


def test_what_is_guessed_is_marked_and_explained() -> None:
    text = proposal_yaml(propose_task(plants(), "photo"), "plants", "plants.csv")
    assert "group: plant   # CHECK 40 values for 120 photos, 40 of them on several; height" in text
    assert "# CHECK Rust and rust may be the same" in text
    assert "#   note: different on each photo" in text


def test_terciles_cut_into_thirds() -> None:
    frame = pl.DataFrame({"photo": [str(k) for k in range(300)], "age": [str(k % 100) for k in range(300)]})
    (age,) = propose_task(frame, "photo").attributes
    assert (age.boundaries, age.range, age.unit) == ((33.0, 66.0), (0.0, 120.0), "years")


def test_ids_with_leading_zeros_are_no_numbers() -> None:
    frame = pl.DataFrame({"photo": [str(k) for k in range(60)], "code": [f"{k % 30:03d}" for k in range(60)]})
    proposal = propose_task(frame, "photo")
    assert not proposal.attributes


@pytest.mark.parametrize("name", ["source", "split"])
def test_where_rows_come_from_is_no_group(name: str) -> None:
    cells = pl.Series([str(k // 2) for k in range(40)])
    other = pl.Series([("x", "y")[k // 2 % 2] for k in range(40)])
    assert find_group({name: cells, "label": other})[0] is None
    assert find_group({"patient_id": cells, "label": other})[0] == "patient_id"


def test_a_level_is_called_without_its_id() -> None:
    frame = plants().rename({"plant": "plant_id"})
    task = parse_task(proposal_yaml(propose_task(frame, "photo"), "x", "x"))
    assert (task.group, task.column("plant")) == ("plant", "plant_id")


def test_agreement_by_chance_is_no_reason() -> None:
    groups = pl.Series(["a", "a", "b", "b", "c", "d"])
    labels = pl.Series(["x", "x", "y", "y", "x", "y"])
    assert not not_by_chance(labels, groups)
    many = pl.Series([str(k // 2) for k in range(40)])
    assert not_by_chance(pl.Series([("x", "y")[k // 2 % 2] for k in range(40)]), many)
    assert not not_by_chance(pl.Series([("x", "y")[k % 2] for k in range(40)]), many)


def test_names_of_equal_parts_are_read() -> None:
    names = [f"a/{k}_{k % 2}_2017{k}.jpg.chip.jpg" for k in range(20)]
    pattern = guess_from_path(names)
    assert pattern is not None
    parts = pl.Series(names).str.extract_groups(pattern).struct.unnest()
    assert parts.columns == ["name_1", "name_2", "name_3"]
    assert parts.row(3) == ("3", "1", "20173")
    assert guess_from_path(["a.jpg", "b_c.jpg", "d_e_f.jpg"]) is None


CELL = st.one_of(
    st.sampled_from(["", "a", "b", "no", "1e3", "007", "n/a", "#x: y", "3.5", "-2"]), st.text(max_size=5)
)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40).flatmap(
        lambda n: st.dictionaries(
            st.text(st.characters(categories=("L", "N", "Zs", "P")), min_size=1, max_size=6).filter(
                str.strip
            ),
            st.lists(CELL, min_size=n, max_size=n),
            min_size=1,
            max_size=4,
        )
    ),
    st.text(max_size=8),
)
def test_any_table_gives_yaml_that_reads_back(columns: dict[str, list[str]], origin: str) -> None:
    n = len(next(iter(columns.values())))
    frame = pl.DataFrame({**columns, "photo": [str(k) for k in range(n)]}).select(
        *[c for c in columns if c != "photo"], "photo"
    )
    proposal = propose_task(frame, "photo")
    if proposal.attributes:
        task = parse_task(proposal_yaml(proposal, "x", origin))
        assert len(task.space.attributes) == len(proposal.attributes)
