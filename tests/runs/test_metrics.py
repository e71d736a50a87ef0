import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.errors import InputError
from maskwise.runs.metrics import AttributeScores, Circumstances, Figure, GroupScores, Metrics, Scores

OLD_RUN = Path(__file__).parent / "old_run"
FIGURES = st.builds(Figure, value=st.floats(0, 1), ci95=st.tuples(st.floats(0, 1), st.floats(0, 1)))
NAMES = st.text("abc_", min_size=1, max_size=5)


@pytest.mark.parametrize("name", ["metrics.json", "evaluations/eval/metrics.json"])
def test_a_file_of_the_first_version_is_lifted_and_written_back_byte_for_byte(
    name: str, tmp_path: Path
) -> None:
    metrics = Metrics.read(OLD_RUN / name)
    assert list(metrics.attributes) == ["mask", "gender", "age"]
    content = json.loads((OLD_RUN / name).read_text())
    assert metrics.attributes["mask"].macro_f1.value == content["mask"]["macro_f1"]["value"]
    assert list(metrics.groups) == list(content["groups"])
    metrics.write(tmp_path / "metrics.json")
    assert (tmp_path / "metrics.json").read_bytes() == (OLD_RUN / name).read_bytes()


def test_a_file_of_a_newer_version_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text('{"schema": 7, "score": []}')
    with pytest.raises(
        InputError, match=r"metrics.json to have schema 1 or older, got 7: a newer maskwise"
    ) as error:
        Metrics.read(path)
    assert "\n" not in str(error.value)


def test_a_broken_value_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text('{"schema": 1, "macro_f1": {"value": "high", "ci95": [0, 1]}}')
    with pytest.raises(InputError, match=r"macro_f1\.value"):
        Metrics.read(path)


@given(
    scores=st.dictionaries(NAMES, st.none() | FIGURES, max_size=3),
    groups=st.dictionaries(NAMES, st.dictionaries(NAMES, st.none() | FIGURES, max_size=3), max_size=3),
    accuracy=st.none() | FIGURES,
)
def test_what_is_written_is_read_again(
    scores: dict[str, Figure | None],
    groups: dict[str, dict[str, Figure | None]],
    accuracy: Figure | None,
) -> None:
    metrics = Metrics.combine(
        Circumstances(scored_on="out-of-fold"),
        Scores(
            accuracy=accuracy,
            attributes={name: AttributeScores(macro_f1=figure) for name, figure in scores.items()},
            groups={
                "site": {
                    name: GroupScores(n_photos=1, n_persons=1, accuracy=accuracy, attributes=figures)
                    for name, figures in groups.items()
                }
            },
        ),
    )
    again = Metrics.model_validate(json.loads(json.dumps(metrics.to_json())))
    assert again.attributes == metrics.attributes
    assert {name: (group.accuracy, group.attributes) for name, group in again.groups["site"].items()} == {
        name: (group.accuracy, group.attributes) for name, group in metrics.groups["site"].items()
    }
    assert again.to_json() == metrics.to_json()


def test_a_refit_has_the_score_of_its_folds() -> None:
    folds = Metrics.combine(
        Circumstances(scored_on="out-of-fold"), Scores(macro_f1=Figure(value=0.5, ci95=(0.4, 0.6)))
    )
    refit = Metrics.combine(Circumstances(scored_on=None), None, folds=folds)
    content = refit.to_json()
    assert content["macro_f1"] is None
    assert content["folds"]["schema"] == 1
    assert Metrics.model_validate(content).measured.macro_f1 == folds.macro_f1
    assert not refit.has_scores
