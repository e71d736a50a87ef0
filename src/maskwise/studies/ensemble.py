"""`ensemble`: several runs become one with combined members, chosen and weighted on out-of-fold predictions."""

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from maskwise.evaluation.tune_decision import choose_members, nested_choice_gain
from maskwise.inference.load_run import create_predictor, load_members
from maskwise.metrics.classification import macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import Difference, paired_difference
from maskwise.models.decision import decide
from maskwise.models.ensemble import EnsembleSpec, combine_members
from maskwise.models.member import Member, save_member
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.ensemble_file import write_ensemble_spec
from maskwise.runs.metrics import Metrics
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.studies.ensemble_result import CombinedRuns, How, known_data, write_ensemble

_FOLDS = 5


@dataclass(frozen=True)
class Ensembled:
    """A run made of others."""

    folder: Path
    chosen: list[str]  # runs, repeated as often as they were chosen
    gain: Difference | None  # of choosing over the best single run, on persons not chosen on
    metrics: Metrics  # with `chosen_on_these_persons` the score is a little optimistic


def ensemble(
    runs: Sequence[Run],
    out: Path,
    *,
    how: How = "mean",
    greedy: bool = False,
    data: Path | None = None,
    photos_in_report: bool = True,
    reporter: Reporter = SILENT,
) -> Ensembled:
    """Make one run of several, scored on the persons that all of them have predicted without having seen them.

    Args:
        runs: finished runs, two or more, with predictions for the same photos (folds, or one split).
        out: the new run's folder.
        how: mean of probabilities, weighted by how often a run was chosen, vote, or soup (the weights averaged).
        greedy: choose runs that raise the score together; with `weighted` this is always done.
        data: where the runs' data are, if not any more where they were trained.
        photos_in_report: whether the report shows the worst mistakes.
        reporter: receives a message for what is left out.

    Raises:
        InputError: when runs have other classes or no common photos, or a soup's architectures differ.
    """
    if len(runs) < 2:
        raise InputError(f"Expected at least two runs, got {len(runs)}.")
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise InputError("Expected different runs, got the same folder twice.")
    folder = RunFolder(out)
    folder.check_free(resume=False)
    for run in runs[1:]:
        if run.space.class_names != runs[0].space.class_names:
            raise InputError(
                f"Expected {run.path} to have the classes of {runs[0].path}, got different ones."
            )
    _check_parts(runs, how)
    shared = _shared(runs)
    predicted = np.stack([_probabilities(run, shared) for run in runs])
    labels, persons = shared["label"].to_numpy(), persons_of(shared)
    chosen, gain = list(range(len(runs))), None
    if greedy or how == "weighted":
        chosen = choose_members(list(predicted), labels)
        gain = nested_choice_gain(list(predicted), labels, persons, _folds(persons))
    distinct = sorted(set(chosen))
    members = [member for k in distinct for member in load_members(runs[k])]
    # Only a mean lets a run count more than once.
    counts = [1 if how in ("vote", "soup") else chosen.count(k) for k in distinct]
    parts = [runs[k] for k in distinct]
    known = known_data(parts, shared, data, reporter)  # before anything is written
    if how == "soup":
        members = [_soup(members, [runs[k].path for k in distinct])]
        p = _soup_predictions(members[0], runs[0], shared, data)
        _check_holds(runs, predicted[distinct], p, labels, persons)
        save_member(folder.member(0), members[0].classifier, members[0].card)
    elif how == "vote":
        p = _combined(predicted[distinct], EnsembleSpec(combine="vote"))
        _copy_members(folder, runs, distinct, None)
    else:  # a mean over runs, each as often as it was chosen: what is scored is what will predict
        p = _combined(
            predicted[distinct], EnsembleSpec(combine="weighted", weights=tuple(map(float, counts)))
        )
        _copy_members(folder, runs, distinct, counts)
    command = shlex.join(
        [
            "maskwise",
            "ensemble",
            *(str(run.path) for run in runs),
            "--how",
            how,
            *(["--greedy"] if greedy else []),
        ]
    )
    combined = CombinedRuns(
        runs=parts,
        how=how,
        shared=shared,
        probabilities=p,
        counts=counts,
        chosen_here=gain is not None,
        command=command,
        known=known,
    )
    metrics = write_ensemble(folder, combined, members[:1] if photos_in_report else None)
    return Ensembled(
        out, [run.name for run, n in zip(parts, counts, strict=True) for _ in range(n)], gain, metrics
    )


def _check_parts(runs: Sequence[Run], how: How) -> None:
    """Check that the combination's score will be the score of what predicts.

    Raises:
        InputError: naming a run that can't be combined so.
    """
    for run in runs:
        if run.lineage.ensemble is not None:
            raise InputError(
                f"Expected runs that were trained, got the ensemble {run.path}: name its runs instead."
            )
        if run.lineage.refit:
            raise InputError(
                f"Expected runs whose members were scored, got {run.path}, a refit on everybody: train it without a "
                "refit."
            )
        if run.lineage.folds is not None and how in ("vote", "soup"):
            raise InputError(
                f"Expected runs of one training each to {'vote' if how == 'vote' else 'make a soup'}, got the folds of "
                f"{run.path}: take the mean of their probabilities.",
                setting="how",
            )


def _soup(members: list[Member], folders: list[Path]) -> Member:
    """One member whose weights are the members' mean (M. Wortsman et al., "Model soups", 2022).

    Raises:
        InputError: when architectures or transforms differ.
    """
    first = members[0]
    for member in members[1:]:
        if member.card.model != first.card.model or member.card.transform != first.card.transform:
            names = ", ".join(map(str, folders))
            raise InputError(
                f"Expected one architecture and transform for all members of a soup, got several in {names}: "
                "take the mean of their probabilities.",
                setting="how",
            )
    states = [member.classifier.state_dict() for member in members]
    mixed = {
        name: torch.stack([state[name].float() for state in states]).mean(dim=0).to(value.dtype)
        for name, value in states[0].items()
    }
    first.classifier.load_state_dict(mixed)
    return first


def _combined(predicted: npt.NDArray[np.float32], spec: EnsembleSpec) -> npt.NDArray[np.float32]:
    return np.asarray(combine_members(torch.from_numpy(predicted), spec).numpy())


def _soup_predictions(
    soup: Member, run: Run, shared: pl.DataFrame, data: Path | None
) -> npt.NDArray[np.float32]:
    """A soup's predictions for photos that none of its members was trained on: only one split leaves such photos."""
    data = run.data_path(data)
    table = read_data(data)
    path_of = dict(zip(table.photos, table.paths, strict=True))
    if missing := [photo for photo in shared["photo"] if photo not in path_of]:
        raise InputError(f"Expected {data} to have the photos of {run.path}, but {missing[0]} is not there.")
    return create_predictor([soup]).predict_all([path_of[photo] for photo in shared["photo"]])


def _check_holds(
    runs: Sequence[Run],
    predicted: npt.NDArray[np.float32],
    soup: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    persons: npt.NDArray[np.str_],
) -> None:
    """Refuse a soup that scores worse than the best of its members."""
    space, rule = runs[0].space, runs[0].recipe.decision
    counts = [
        stacked_by_person(labels, decide(p, space, rule), persons, space.n_classes)
        for p in (*predicted, soup)
    ]
    best = max(counts[:-1], key=lambda c: float(macro_f1(c.sum(axis=0))))
    difference = paired_difference(macro_f1, best, counts[-1])
    if difference.ci95[1] < 0:
        low, high = difference.ci95
        raise InputError(
            f"Expected the soup to score no worse than its best member, got {difference.value:+.3f} macro F1 "
            f"({low:+.3f} to {high:+.3f}): such weights can't be averaged; take the mean of their "
            "probabilities.",
            setting="how",
        )


def _shared(runs: Sequence[Run]) -> pl.DataFrame:
    shared = runs[0].predictions.select("photo", "person", "label").filter(pl.col("label") >= 0)
    for run in runs[1:]:
        shared = shared.join(run.predictions.select("photo"), on="photo", how="semi", maintain_order="left")
    if not shared.height:
        raise InputError(
            "Expected runs that predicted the same persons without having seen them, got no photo that all have: "
            "train them with the same split or the same folds."
        )
    return shared


def _probabilities(run: Run, shared: pl.DataFrame) -> npt.NDArray[np.float32]:
    rows = shared.select("photo").join(run.predictions, on="photo", how="left", maintain_order="left")
    return rows.select(probability_columns(run.space)).to_numpy()


def _folds(persons: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Folds by person, for choosing and scoring on different persons; assigned in the order of names."""
    _, index = np.unique(persons, return_inverse=True)
    return np.asarray(index % _FOLDS, dtype=np.int64)


def _copy_members(
    folder: RunFolder, runs: Sequence[Run], distinct: list[int], counts: list[int] | None
) -> None:
    """The members of all runs, a run's weight shared out among its own; without counts they vote."""
    weights: list[float] = []
    for k, count in zip(distinct, counts or [1] * len(distinct), strict=True):
        own = runs[k].member_folders
        for source in own:
            shutil.copytree(source, folder.member(len(weights)))
            weights.append(count / len(own))
    if counts is None:
        write_ensemble_spec(folder.ensemble, EnsembleSpec(combine="vote"))
    else:
        write_ensemble_spec(folder.ensemble, EnsembleSpec(combine="weighted", weights=tuple(weights)))
