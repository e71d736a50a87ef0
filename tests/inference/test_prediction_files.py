import csv
import os
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from maskwise.competition.submission import submission_targets
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from maskwise.files import locked
from maskwise.inference import predictor as predictor_module
from maskwise.inference import resumable_parts as rows_module
from maskwise.inference.decision import Choice
from maskwise.inference.photo_paths import iterate_photos
from maskwise.inference.prediction_files import lock_file, parts_folder
from maskwise.inference.predictor import Predictor
from maskwise.runs.run import Run
from tests.opened import load_predictor, predict_to_file, write_submission
from tests.pictures import make_eval, picture, write_jpeg, write_table


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for index in range(50):
        write_jpeg(folder / f"{index % 3}" / f"{index:03d}.jpg", picture(index))
    (folder / "0" / "000.jpg").write_bytes(b"")
    (folder / "1" / "bad.png").write_text("<html>")
    (folder / "notes.txt").write_text("no photo")
    return folder


def test_a_row_for_every_photo_also_for_bad_ones(tiny_run: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    counts = predict_to_file(tiny_run, load_predictor(tiny_run), [str(photos)], out)
    assert counts == (51, 2, 0)
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "photo",
        "class",
        "mask",
        "gender",
        "age_band",
        "confidence",
        "decision",
        *[f"p_{i:02d}" for i in range(18)],
        "error",
    ]
    assert [row["photo"] for row in rows] == [str(p) for p in iterate_photos([str(photos)])]
    bad = [row for row in rows if row["error"]]
    assert {Path(row["photo"]).name: row["error"].split(":")[0] for row in bad} == {
        "000.jpg": "empty file",
        "bad.png": "no photo",
    }
    for row in rows:
        p = [row[f"p_{i:02d}"] for i in range(18)]
        if row["error"]:
            assert {row[k] for k in row if k not in ("photo", "error")} == {""}
        else:
            assert sum(map(float, p)) == pytest.approx(1, abs=1e-4)
            assert float(row["confidence"]) == pytest.approx(float(p[int(row["class"])]), abs=1e-5)
            assert row["decision"] == "marginal"
    assert not parts_folder(out).exists()


def test_parquet_holds_the_same(tiny_run: Path, photos: Path, tmp_path: Path) -> None:
    predictor = load_predictor(tiny_run)
    predict_to_file(tiny_run, predictor, [str(photos)], tmp_path / "p.csv")
    predict_to_file(tiny_run, predictor, [str(photos)], tmp_path / "p.parquet")
    left, right = pl.read_csv(tmp_path / "p.csv"), pl.read_parquet(tmp_path / "p.parquet")
    assert left.columns == right.columns
    assert left["class"].to_list() == right["class"].to_list()
    assert left["photo"].to_list() == right["photo"].to_list()


def test_predictions_agree_with_the_runs_own(tiny_run: Path, people: Path, tmp_path: Path) -> None:
    held_out = pl.read_parquet(tiny_run / "predictions.parquet")
    listed = write_table(people / "list.csv", ("photo",), [(name,) for name in held_out["photo"]])
    predict_to_file(tiny_run, load_predictor(tiny_run), [str(listed)], tmp_path / "p.parquet")
    listed.unlink()
    again = pl.read_parquet(tmp_path / "p.parquet")
    columns = [f"p_{i:02d}" for i in range(18)]
    assert np.allclose(again.select(columns).to_numpy(), held_out.select(columns).to_numpy(), atol=1e-5)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_killed_call_goes_on_where_it_was(
    tiny_run: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(rows_module, "PART_SIZE", 8)
    predictor = load_predictor(tiny_run)
    whole = tmp_path / f"whole{suffix}"
    predict_to_file(tiny_run, predictor, [str(photos)], whole)

    class Killed(Predictor):
        def predict(self, paths, **options):
            yield from islice(super().predict(paths, **options), 20)
            raise KeyboardInterrupt

    killed = load_predictor(tiny_run)
    killed.__class__ = Killed
    out = tmp_path / f"out{suffix}"
    with pytest.raises(KeyboardInterrupt):
        predict_to_file(tiny_run, killed, [str(photos)], out)
    assert not out.exists()
    assert predict_to_file(tiny_run, predictor, [str(photos)], out) == (51, 2, 16)
    assert out.read_bytes() == whole.read_bytes()


def test_parts_of_other_photos_are_not_mixed_in(
    tiny_run: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "PART_SIZE", 8)
    predictor = load_predictor(tiny_run)
    out = tmp_path / "out.csv"
    stream = [(str(p), p) for p in iterate_photos([str(photos)])]
    identity = {"run": Run(tiny_run).weights, "sources": str(photos)}
    rows_module.predict_in_parts(
        predictor, lambda: iter(stream), parts_folder(out), choice=Choice("joint"), identity=identity
    )
    write_jpeg(photos / "0" / "0000.jpg", picture(99))  # sorts in front of everything
    assert predict_to_file(tiny_run, predictor, [str(photos)], out) == (52, 2, 0)


def test_only_a_few_photos_are_held_at_once(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    monkeypatch.setattr(predictor_module, "BATCH_SIZE", 4)
    path = photos / "0" / "003.jpg"
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield path

    stream = load_predictor(tiny_run).predict(endless(), batch_size=4)
    for _ in range(40):
        next(stream)
    assert taken < 40 + 4 * 6
    stream.close()


def test_sources(photos: Path, tmp_path: Path) -> None:
    listed = write_table(photos / "list.csv", ("photo", "x"), [("2/002.jpg", 1), ("absent.jpg", 1)])
    assert list(iterate_photos([str(listed)])) == [photos / "2" / "002.jpg", photos / "absent.jpg"]
    assert len(list(iterate_photos([str(photos / "1" / "*.jpg")]))) == 17
    assert len(list(iterate_photos([str(photos / "*")]))) == 53  # folders, and the files that the glob names
    assert list(iterate_photos([str(photos / "notes.txt")])) == [photos / "notes.txt"]
    for source in (str(tmp_path / "nothing"), str(tmp_path / "*.jpg")):
        with pytest.raises(InputError, match="Expected"):
            list(iterate_photos([source]))


def test_nothing_to_predict_and_a_wrong_ending_are_errors(
    tiny_run: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="at least one photo"):
        predict_to_file(tiny_run, load_predictor(tiny_run), [str(tmp_path / "empty")], tmp_path / "p.csv")
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        predict_to_file(tiny_run, load_predictor(tiny_run), [str(photos)], tmp_path / "p.json")


def test_a_submission_keeps_order_and_number(tiny_run: Path, tmp_path: Path) -> None:
    names = make_eval(tmp_path / "eval", 21)
    (tmp_path / "eval" / "images" / names[4]).write_bytes(b"")
    (tmp_path / "eval" / "images" / names[9]).unlink()
    predictor = load_predictor(tiny_run)
    n, unread = write_submission(tiny_run, predictor, tmp_path / "eval", tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["ImageID"] for row in rows] == names
    assert n == 21
    assert unread.rows() == [(names[4], "empty file"), (names[9], "missing")]
    assert rows[4]["ans"] == rows[9]["ans"] == str(predictor.card.commonest_class)
    assert all(0 <= int(row["ans"]) < 18 for row in rows)


def test_public_and_private_get_a_file_each(tmp_path: Path) -> None:
    make_eval(tmp_path / "public", 1)
    make_eval(tmp_path / "private", 1)
    targets = submission_targets(tmp_path, tmp_path / "out.csv")
    assert {folder.name: target.name for folder, target in targets.items()} == {
        "public": "out-public.csv",
        "private": "out-private.csv",
    }
    with pytest.raises(InputError, match=r"info\.csv"):
        submission_targets(tmp_path / "public" / "images", tmp_path / "out.csv")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, people: Path) -> None:
    for folder, message in ((tmp_path / "absent", "does not exist"), (people, "no run of maskwise")):
        with pytest.raises(InputError, match=message):
            load_predictor(folder)
    assert len(read_data(people)) == 168


def test_nothing_of_the_users_is_lost(tiny_run: Path, photos: Path, tmp_path: Path) -> None:
    predictor = load_predictor(tiny_run)
    mine = tmp_path / "out.csv.parts"
    mine.mkdir()
    (mine / "thesis.txt").write_text("keep")
    with pytest.raises(InputError, match="choose another file"):
        predict_to_file(tiny_run, predictor, [str(photos)], tmp_path / "out.csv")
    assert (mine / "thesis.txt").read_text() == "keep"
    names = tmp_path / "in.csv"
    names.write_text("photo\n" + "\n".join(str(path) for path in sorted(photos.rglob("*.jpg"))[:2]))
    before = names.read_text()
    with pytest.raises(InputError, match="another file than what is predicted"):
        predict_to_file(tiny_run, predictor, [str(names)], names)
    assert names.read_text() == before
    make_eval(tmp_path / "eval", 3)
    info = tmp_path / "eval" / "info.csv"
    before = info.read_text()
    with pytest.raises(InputError, match="another file than"):
        write_submission(tiny_run, predictor, tmp_path / "eval", info)
    assert info.read_text() == before


def test_only_an_earlier_output_is_replaced(tiny_run: Path, photos: Path, tmp_path: Path) -> None:
    predictor = load_predictor(tiny_run)
    for name, content in (("t.csv", "chapter,words\n1,2\n"), ("t.parquet", "words"), ("empty.csv", "")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match="predictions that may be replaced"):
            predict_to_file(tiny_run, predictor, [str(photos)], tmp_path / name)
        assert (tmp_path / name).read_text() == content
    for _ in range(2):
        predict_to_file(tiny_run, predictor, [str(photos / "0")], tmp_path / "p.parquet")
    make_eval(tmp_path / "eval", 3)
    with pytest.raises(InputError, match="a submission that may be replaced"):
        submission_targets(tmp_path / "eval", tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"end in \.csv"):
        submission_targets(tmp_path / "eval", tmp_path / "s.txt")


def test_one_writer_at_a_time(tiny_run: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    with locked(lock_file(out), str(out)), pytest.raises(InputError, match="another process is writing it"):
        predict_to_file(tiny_run, load_predictor(tiny_run), [str(photos)], out)
    assert not lock_file(out).exists()
    predict_to_file(tiny_run, load_predictor(tiny_run), [str(photos)], out)


def test_a_submission_of_nothing_readable_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    make_eval(tmp_path / "eval", 3)
    shutil.rmtree(tmp_path / "eval" / "images")
    with pytest.raises(InputError, match=r"got none of 3; .*: missing"):
        write_submission(tiny_run, load_predictor(tiny_run), tmp_path / "eval", tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_lists_with_and_without_a_header(photos: Path, tmp_path: Path) -> None:
    listed = photos / "list.csv"
    listed.write_text("2/002.jpg\n2/005.jpg\n")
    assert list(iterate_photos([str(listed)])) == [photos / "2" / "002.jpg", photos / "2" / "005.jpg"]
    write_table(listed, ("id", "path"), [(1, "2/002.jpg")])
    with pytest.raises(InputError, match=r"list\.csv: expected columns photo"):
        list(iterate_photos([str(listed)]))


def test_a_glob_that_can_not_be_is_one_line(photos: Path) -> None:
    with pytest.raises(InputError, match="Expected a glob, got"):
        list(iterate_photos([str(photos / "**.jpg")]))


def test_globs_do_not_walk_in_circles(photos: Path) -> None:
    plain = list(iterate_photos([str(photos / "**" / "*.jpg")]))
    (photos / "0" / "again").symlink_to(photos, target_is_directory=True)
    assert list(iterate_photos([str(photos / "**" / "*.jpg")])) == plain
    assert len(plain) == 50


@pytest.mark.parametrize("name", ["x" * 300 + ".jpg", "nul\0.jpg", "[/red].jpg"])
def test_strange_names_keep_their_row(tiny_run: Path, tmp_path: Path, name: str) -> None:
    listed = write_table(tmp_path / "list.csv", ("photo",), [(name,)])
    predict_to_file(tiny_run, load_predictor(tiny_run), [str(listed)], tmp_path / "p.parquet")
    row = pl.read_parquet(tmp_path / "p.parquet").row(0, named=True)
    assert row["photo"] == str(tmp_path / name)
    assert row["error"]
    with pytest.raises(InputError, match="does not exist"):
        list(iterate_photos([name.replace("[", "")]))


def test_a_name_that_is_no_utf8_keeps_its_row(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    write_jpeg(folder / "a.jpg", picture(1))
    try:
        (folder / "a.jpg").rename(Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")))
    except OSError:
        pytest.skip("the file system wants UTF-8")
    predict_to_file(tiny_run, load_predictor(tiny_run), [str(folder)], tmp_path / "p.csv")
    row = pl.read_csv(tmp_path / "p.csv").row(0, named=True)
    assert (Path(row["photo"]).name, row["error"]) == (r"\xff.jpg", None)


def test_a_parquet_table_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "photos.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="a CSV of paths, got the table"):
        list(iterate_photos([str(tmp_path / "photos.parquet")]))


def test_a_name_that_a_spreadsheet_would_run_is_guarded_in_csv_only(tiny_run: Path, tmp_path: Path) -> None:
    from maskwise.evaluation.prediction_table import read_prediction_table

    names = ["=cmd|x.jpg", "+1.jpg", "-1.jpg", "@a.jpg", "'b.jpg", "plain.jpg"]
    for seed, name in enumerate(names):
        write_jpeg(tmp_path / name, picture(seed))
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for out in ("p.csv", "p.parquet"):
            predict_to_file(tiny_run, load_predictor(tiny_run), names, Path(out))
    finally:
        os.chdir(before)
    assert pl.read_parquet(tmp_path / "p.parquet")["photo"].to_list() == names
    guarded = pl.read_csv(tmp_path / "p.csv")
    assert guarded["photo"].to_list() == [*(f"'{name}" for name in names[:5]), "plain.jpg"]
    truth = tmp_path / "truth.parquet"
    pl.DataFrame({"photo": names, "gender": ["male"] * 6}).write_parquet(truth)
    read = read_prediction_table(tmp_path / "p.csv", truth, group="none", columns=["gender"])
    assert read.n_rows == 6
