"""What the checks of an audit look at, computed when a check first asks for it: scan, features, predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import polars as pl

from maskwise.audit.out_of_fold import N_FOLDS, OutOfFoldPredictions, predict_labels, with_run_predictions
from maskwise.audit.photo_copies import PhotoCopies, find_photo_copies
from maskwise.audit.reidentification import FEWEST_PERSONS, MOST_PERSONS, PersonMatch, match_persons
from maskwise.audit.transformed_copies import Features
from maskwise.data.decoding import PhotoError
from maskwise.data.scan import Scan, scan_photos
from maskwise.data.split import assign_folds, person_strata
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import MaskwiseError
from maskwise.inference.features import extract_features
from maskwise.reporter import SILENT, Progress, Reporter

FEWEST_FOR_LABELS = 20
"""With fewer persons, models trained on the others predict too badly to doubt labels."""

FEATURE_SIDE = 192
"""Pixels a side of the photos that features are extracted from: at 128 px a sixth more genders were mistaken."""

MOST_CHANCE = 0.5
"""Pairs of persons are listed down to a false discovery rate of this."""


class Need(StrEnum):
    """An input that a check may need beyond the table itself."""

    SCAN = "scan"  # every photo decoded once: size, format, hash, thumbnail, or why it can't be used
    FEATURES = "features"  # frozen features of the usable photos
    COPIES = "copies"  # photos of different persons that show one picture; uses features where there are any
    PERSON_MATCHES = "person_matches"  # pairs of persons who may be one
    PREDICTIONS = "predictions"  # out-of-fold predictions of the labels
    OTHER_DATA = "other_data"  # data that must share no photo, such as evaluation sets


class _ScannedPhotos:
    """The photos of a table with their scan and features, each computed when first asked for and kept."""

    table: PhotoTable
    reporter: Reporter

    def _stage(self, work: str) -> str:
        """What the progress of some work is called."""
        return work

    @cached_property
    def scan(self) -> Scan:
        """The scan of all photos."""
        return scan_photos(self.table, progress=self.reporter.progress(self._stage("scanning photos")))

    @cached_property
    def usable(self) -> PhotoTable:
        """The photos (N) that can be used."""
        return self.table.keep(self.scan.usable)

    @cached_property
    def usable_scan(self) -> pl.DataFrame:
        """The scan's rows of the usable photos (N)."""
        return _usable_rows(self.scan)

    @cached_property
    def features(self) -> Features:
        """Frozen features (N, F) of the usable photos."""
        return _extract(self.usable, self.reporter.progress(self._stage("extracting features")))


@dataclass
class OtherData(_ScannedPhotos):
    """Other data that must share no photo with the audited; computed when first asked for."""

    name: str
    table: PhotoTable
    reporter: Reporter

    def _stage(self, work: str) -> str:
        return f"{work} of {self.name}"


@dataclass
class AuditInputs(_ScannedPhotos):
    """What the checks look at. Expensive inputs are computed when first asked for, and kept."""

    table: PhotoTable  # all photos, usable or not
    reporter: Reporter = SILENT
    unread_labels: Sequence[UnreadLabel] = ()
    other_data: Sequence[OtherData] = ()
    run_predictions: pl.DataFrame | None = None  # of a run with folds, see `read_run_predictions`

    @property
    def features_if_any(self) -> Features | None:
        """The features, None where they are missing."""
        return None if self.missing(Need.FEATURES) else self.features

    @cached_property
    def copies(self) -> PhotoCopies:
        """Copies between persons; cropped and mirrored ones only where there are features."""
        progress = self.reporter.progress("comparing photos")
        return find_photo_copies(self.usable, self.usable_scan, self.features_if_any, progress)

    @cached_property
    def person_matches(self) -> list[PersonMatch]:
        """Persons who may be one, numbered in the order of their names, likeliest first."""
        index = np.unique(self.usable.persons, return_inverse=True)[1]
        return [match for match in match_persons(self.features, index) if match.q_value <= MOST_CHANCE]

    @cached_property
    def predictions(self) -> OutOfFoldPredictions:
        """Out-of-fold predictions: of linear models on features, replaced by those of a run where there is one.

        Persons who share a photo stay in one fold: otherwise a copy would confirm the label of its original.
        """
        folds = assign_folds(self.copies.groups, person_strata(self.usable), n_folds=N_FOLDS, seed=0)
        progress = self.reporter.progress("predicting labels out of fold")
        predictions = predict_labels(self.features, self.usable, folds, progress)
        if self.run_predictions is not None:
            predictions = with_run_predictions(predictions, self.run_predictions, self.usable)
        return predictions

    def missing(self, need: Need) -> str:
        """Why an input can't be computed from these data; empty where it can."""
        match need:
            case Need.SCAN | Need.COPIES:
                return ""
            case Need.OTHER_DATA:
                return "" if self.other_data else "there are no other data"
            case Need.FEATURES:
                if not len(self.usable):
                    return "no photo can be used"
                # Features serve to compare persons with each other, and copies of different persons.
                return (
                    "persons are not known for all photos" if self.usable.frame["person"].null_count() else ""
                )
            case Need.PERSON_MATCHES:
                n_persons = len(np.unique(self.usable.persons))
                return self.missing(Need.FEATURES) or why_not_matched(n_persons, "this data")
            case Need.PREDICTIONS:
                return self.missing(Need.FEATURES) or self._why_no_labels()

    def _why_no_labels(self) -> str:
        if len(np.unique(self.copies.groups)) < FEWEST_FOR_LABELS:
            return f"fewer than {FEWEST_FOR_LABELS} persons who share no photo"
        return "" if (self.usable.label_indices() >= 0).any() else "there are no labels"


def why_not_matched(n_persons: int, where: str) -> str:
    """Why so many persons can't be compared with others; empty where they can."""
    if FEWEST_PERSONS <= n_persons <= MOST_PERSONS:
        return ""
    return f"{where} has {n_persons:,} persons, and {FEWEST_PERSONS} to {MOST_PERSONS:,} can be compared"


def _usable_rows(scan: Scan) -> pl.DataFrame:
    return scan.frame.filter(pl.Series(scan.usable, dtype=pl.Boolean))


def _extract(table: PhotoTable, progress: Progress) -> Features:
    try:
        return extract_features(table.paths, side=FEATURE_SIDE, progress=progress)
    except PhotoError as error:
        raise MaskwiseError(
            f"Expected the photos to stay unchanged while the audit runs, got: {error}. Run it again."
        ) from error
