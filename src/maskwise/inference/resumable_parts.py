"""The columns of predictions, and how they are cut into parts that survive a kill."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.errors import InputError, MaskwiseError
from maskwise.files import atomic_path, read_json, write_json
from maskwise.inference.decision import Choice
from maskwise.inference.predictor import Prediction, Predictor
from maskwise.reporter import Progress
from maskwise.runs.predictions import probability_columns
from maskwise.tasks.label_space import LabelSpace

PART_SIZE = 1024
"""Photos a part: what a kill can cost at most."""

SCHEMA = 1


def prediction_rows(
    predictions: Sequence[Prediction],
    names: Sequence[str],
    space: LabelSpace,
    choice: Choice,
    *,
    with_notes: bool = False,
) -> pl.DataFrame:
    """One row per prediction; for a photo that could not be read only `photo` and `error` are filled.

    Columns: `photo`, `class`, a value name for each attribute, `confidence` (the probability of `class`),
    `decision` (the rule, or `abstained`), `p_00` ... (probabilities), `note` where asked for, `error`.
    """
    known = [i for i, p in enumerate(predictions) if p.probabilities is not None]
    classes: list[int | None] = [None] * len(predictions)
    confidence: list[float | None] = [None] * len(predictions)
    rules: list[str | None] = [None] * len(predictions)
    matrix = np.full((len(predictions), space.n_classes), np.nan, dtype=np.float32)
    if known:
        raw = np.stack([p.probabilities for p in predictions if p.probabilities is not None])
        matrix[known] = choice.probabilities(raw)
        for i, decided in zip(known, choice.classes(raw, space).tolist(), strict=True):
            classes[i] = decided
            confidence[i] = float(matrix[i, decided])
            rules[i] = choice.label()
        for i, abstains in zip(known, choice.abstains(raw).tolist(), strict=True):
            if abstains:
                classes[i], rules[i] = None, "abstained"
    values = space.decode(np.array([-1 if c is None else c for c in classes], dtype=np.int64))
    columns: dict[str, pl.Series] = {
        "photo": pl.Series(list(names), dtype=pl.String),
        "class": pl.Series(classes, dtype=pl.Int64),
    }
    for place, attribute in enumerate(space.attributes):
        words = [attribute.values[v] if v >= 0 else None for v in values[:, place].tolist()]
        columns[attribute.label_column] = pl.Series(words, dtype=pl.String)
    columns["confidence"] = pl.Series(confidence, dtype=pl.Float64).round(6)
    columns["decision"] = pl.Series(rules, dtype=pl.String)
    for place, name in enumerate(probability_columns(space)):
        columns[name] = pl.Series(matrix[:, place]).fill_nan(None)
    if with_notes:
        columns["note"] = pl.Series([p.note for p in predictions], dtype=pl.String)
    columns["error"] = pl.Series([p.error for p in predictions], dtype=pl.String)
    return pl.DataFrame(columns)


def predict_in_parts(
    predictor: Predictor,
    photos: Callable[[], Iterator[tuple[str, Path]]],
    folder: Path,
    *,
    choice: Choice,
    identity: dict[str, str],
    progress: Progress | None = None,
) -> tuple[list[Path], int]:
    """Predict into Parquet parts, going on behind those that an earlier, killed call has left.

    Args:
        predictor: the run that predicts.
        photos: gives names and paths, in the same order at every call.
        folder: where the parts are kept until the caller has put them together.
        choice: how classes are decided.
        identity: what makes two calls the same; parts of another call are made anew.
        progress: called with photos done and photos in all.

    Returns:
        The parts in order, and how many photos were done by the earlier call.
    """
    manifest = {"schema": SCHEMA, "decision": f"{choice.label()} {choice.threshold:g}", **identity}
    if folder.exists() and not (folder / "manifest.json").is_file():
        raise InputError(
            f"Expected {folder} to be free for the parts of predictions, got something else: choose another file.",
            setting="out",
        )
    done = _finished_parts(folder, manifest)
    skipped = _matching(done, photos())
    if skipped != len(done) * PART_SIZE or not done:
        shutil.rmtree(folder, ignore_errors=True)
        done, skipped = [], 0
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise MaskwiseError(f"Expected to make the folder {folder}, got: {error.strerror}.") from error
        write_json(folder / "manifest.json", manifest)
    total = sum(1 for _ in photos()) if progress else 0
    if progress:
        progress(skipped, total)
    stream = islice(photos(), skipped, None)
    names: list[str] = []
    finished = skipped

    def paths() -> Iterator[Path]:
        for name, path in stream:
            names.append(name)
            yield path

    with_notes = predictor.face_finder is not None  # nothing else is noted
    predictions = predictor.predict(paths())
    while part := list(islice(predictions, PART_SIZE)):
        rows = prediction_rows(part, names[: len(part)], predictor.space, choice, with_notes=with_notes)
        del names[: len(part)]
        target = folder / f"{len(done):06d}.parquet"
        with atomic_path(target) as temporary:
            rows.write_parquet(temporary)
        done.append(target)
        finished += len(part)
        if progress:
            progress(finished, total)
    if not done:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError("Expected at least one photo, got none.")
    return done, skipped


def earlier_backend(folder: Path, identity: Mapping[str, str]) -> str | None:
    """What computed the parts that an interrupted call has left of the same model; None where there are none."""
    try:
        manifest = read_json(folder / "manifest.json")
    except InputError:
        return None
    same = all(manifest.get(key) == value for key, value in identity.items())
    backend = manifest.get("backend")
    return backend if same and isinstance(backend, str) else None


def _finished_parts(folder: Path, manifest: dict[str, object]) -> list[Path]:
    """The full parts of the same call, counted from the first without a gap."""
    try:
        if read_json(folder / "manifest.json") != manifest:
            return []
    except InputError:
        return []
    parts: list[Path] = []
    while (part := folder / f"{len(parts):06d}.parquet").is_file():
        parts.append(part)
        if _length(part) != PART_SIZE:
            parts.pop()  # the last, short part: made again, as there may be more photos by now
            break
    return parts


def _length(part: Path) -> int:
    """The rows of a part; 0 for a broken one, which is then made again."""
    try:
        return int(pl.read_parquet(part, glob=False, columns=["photo"]).height)
    except (OSError, pl.exceptions.PolarsError):
        return 0


def _matching(parts: Sequence[Path], photos: Iterator[tuple[str, Path]]) -> int:
    """How many photos at the front are those of the parts; fewer than the parts hold if the photos changed."""
    count = 0
    for part in parts:
        names = pl.read_parquet(part, columns=["photo"], glob=False)["photo"].to_list()
        if [name for name, _ in islice(photos, PART_SIZE)] != names:
            break
        count += PART_SIZE
    return count
