import csv
import json
import sys
from collections import Counter
from pathlib import Path

import cv2
import polars as pl
import pytest

from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.opened import evaluate
from tests.pictures import make_eval, make_people, write_jpeg, write_table


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """The finished run, with evaluations of its own."""
    (tmp_path / "run").mkdir()
    for name in ("members", "split.parquet", "metrics.json"):
        (tmp_path / "run" / name).symlink_to(tiny_run / name)
    return tmp_path / "run"


def test_other_persons_are_scored_by_groups(run: Path, tmp_path: Path) -> None:
    other = make_people(tmp_path / "other", 24, seed=500)
    done = evaluate(run, other, groups=("race",))
    assert done.folder == run / "evaluations" / "other"
    assert json.loads((done.folder / "metrics.json").read_text()) == done.metrics.to_json()
    assert done.metrics.scored_on == "held-out persons" or done.metrics.n_trained_on
    assert set(done.metrics.groups) == {"mask", "gender", "age_band", "race"}
    report = (done.folder / "report.html").read_text()
    for name, group in done.metrics.groups["race"].items():
        assert f"<td>{name}</td><td>{group.n_persons}</td>" in report
    assert "too few persons" in report  # of the 12 of each race nothing is claimed
    assert 'alt="Where the model looked"' in report
    assert "How sure, and how often right" in report
    with pytest.raises(InputError, match="got 'rase'"):
        evaluate(run, other, groups=("rase",))


def test_photos_that_were_trained_on_are_no_held_out_score(run: Path, people: Path) -> None:
    metrics = evaluate(run, people).metrics
    assert metrics.scored_on is None
    assert metrics.leaky
    split = pl.read_parquet(run / "split.parquet")
    assert metrics.n_trained_on == (split["side"] == "train").sum()


def test_copies_under_other_names_are_noticed(run: Path, people: Path, tmp_path: Path) -> None:
    """Compressed anew and of persons with other names: neither name nor content gives them away."""
    table = read_data(people)
    rows = []
    for index, (path, row) in enumerate(zip(table.paths, table.frame.iter_rows(named=True), strict=True)):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        write_jpeg(tmp_path / "copies" / f"{index}.jpg", image, 70)
        rows.append(
            (f"copies/{index}.jpg", f"copy of {row['person']}", row["mask"], row["gender"], row["age"])
        )
    copies = write_table(tmp_path / "copies.csv", ("photo", "person", "mask", "gender", "age"), rows)
    metrics = evaluate(run, copies).metrics
    trained = (pl.read_parquet(run / "split.parquet")["side"] == "train").sum()
    assert metrics.n_trained_on >= 0.95 * trained
    assert metrics.scored_on is None


def test_answers_from_elsewhere(run: Path, tmp_path: Path) -> None:
    names = make_eval(tmp_path / "eval", 14)
    with (tmp_path / "eval" / "info.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 14
    answers = write_table(tmp_path / "answers.csv", ("ImageID", "ans", "person"), [(n, 1, "") for n in names])
    metrics = evaluate(run, tmp_path / "eval", labels=answers).metrics
    assert metrics.n_photos == 14
    assert not metrics.persons_known
    assert metrics.few_persons
    for rows, message in (
        ([(n, 18, "") for n in names], "18"),
        ([("other.jpg", 1, "")], "photos, such as"),
        ([(names[0], 1, "")] * 2, "once"),
    ):
        write_table(answers, ("ImageID", "ans", "person"), rows)
        with pytest.raises(InputError, match=message):
            evaluate(run, tmp_path / "eval", labels=answers)
    for header, row, message in (
        (("ImageID", "label"), [(names[0], 1)], r"expected a column ans, or some of mask, gender, age"),
        (("ImageID", "ans"), [], "at least one row"),
    ):
        write_table(answers, header, row)
        with pytest.raises(InputError, match=message):
            evaluate(run, tmp_path / "eval", labels=answers)
    with pytest.raises(InputError, match="give a CSV with ImageID,ans"):
        evaluate(run, tmp_path / "eval")


def test_an_evaluation_of_other_data_is_not_overwritten(run: Path, tmp_path: Path) -> None:
    first, second = (
        make_people(tmp_path / place / "set", 12, seed=seed) for place, seed in (("x", 700), ("y", 900))
    )
    kept = evaluate(run, first).metrics
    with pytest.raises(InputError, match="choose another name"):
        evaluate(run, second)
    assert json.loads((run / "evaluations/set/metrics.json").read_text()) == kept.to_json()
    evaluate(run, first)
    assert evaluate(run, second, name="second").folder.name == "second"


def test_each_file_of_the_run_is_opened_once(run: Path, people: Path) -> None:
    opened: Counter[str] = Counter()
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        name = str(arguments[0]) if event == "open" and watching else ""
        if name.startswith(str(run)) and not name.endswith(".tmp"):
            opened[Path(name).relative_to(run).as_posix()] += 1

    sys.addaudithook(watch)  # stays for the whole process, hence `watching`
    evaluate(run, people, name="once", photos_in_report=True)
    watching = False
    assert opened["members/00/model.json"] == 1
    assert set(opened.values()) == {1}
