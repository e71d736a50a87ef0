"""The photos that a run uses, their split and their targets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.leakage import Side
from maskwise.data.sampling import SamplingSpec, sample_epoch
from maskwise.data.table import PhotoTable
from maskwise.data.targets import Targets
from maskwise.runs.lineage import AppliedCorrections, DataLineage, ExtraData, SetAside, SplitSizes
from maskwise.runs.split_file import HELD_OUT, TRAIN
from maskwise.tasks.label_space import UNKNOWN

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ScannedPhotos:
    """Labelled photos that can be read, and what was left out on the way to them."""

    table: PhotoTable
    scan: pl.DataFrame  # one row per photo of the table
    score_classes: Rows  # joint classes (N,) with the score's boundaries; -1 where only a run has labelled
    fingerprint: str
    set_aside: pl.DataFrame
    unlabelled: int
    corrections: AppliedCorrections | None = None


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which photos (N,) are held out, and whose photos are kept together."""

    held_out: Mask
    groups: npt.NDArray[np.str_]  # the person, or joined persons, of each photo
    joined: tuple[str, ...] = ()  # persons that share near-identical photos


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Photos, split and targets; rows of the table (N) are the same in all of them."""

    photos: ScannedPhotos
    split: Split
    targets: Targets  # (N, C) that are trained towards
    left_out: Mask  # (N,) on the training side, and not trained on
    extra: tuple[ExtraData, ...] = ()

    @property
    def table(self) -> PhotoTable:
        """The photos."""
        return self.photos.table

    @property
    def train_rows(self) -> Rows:
        """Rows that are trained on."""
        return np.flatnonzero(~self.split.held_out & ~self.left_out)

    @property
    def train_classes(self) -> Rows:
        """Joint classes (T,) of the rows that are trained on: as labelled, or likeliest where only a run knows."""
        own = self.photos.score_classes[self.train_rows]
        return np.where(own == UNKNOWN, self.targets[self.train_rows].argmax(axis=1), own)

    @property
    def held_out_rows(self) -> Rows:
        """Rows that are scored."""
        return np.flatnonzero(self.split.held_out)

    @property
    def held_out_table(self) -> PhotoTable:
        """The photos that are scored."""
        return self.table.keep(self.split.held_out)

    @property
    def held_out_classes(self) -> Rows:
        """Joint classes (H,) of the photos that are scored."""
        return self.photos.score_classes[self.split.held_out]

    def held_out_side(self) -> Side:
        """The held-out photos, as the guards against leaks compare them."""
        table = self.held_out_table
        looks = self.photos.scan.filter(self.split.held_out)
        return Side(table.photos, table.frame["person"].to_list(), looks)

    @property
    def commonest_class(self) -> int:
        """The commonest class of the training photos."""
        return int(np.bincount(self.train_classes).argmax())

    def with_targets(self, targets: Targets) -> "TrainingData":
        """The same photos with other targets (N, C)."""
        return replace(self, targets=targets)

    def epoch_orders(self, sampling: SamplingSpec, seed: int) -> Callable[[int], Rows]:
        """A function from an epoch to its rows in their order."""
        rows = self.train_rows
        return partial(
            sample_epoch,
            sampling,
            rows,
            self.train_classes,
            self.table.persons[rows],
            self.table.space,
            seed,
        )

    @property
    def sides(self) -> list[str]:
        """The side of each photo (N), as the split's file names it."""
        return [HELD_OUT if held else TRAIN for held in self.split.held_out]

    def split_frame(self) -> pl.DataFrame:
        """The split as it is stored: every photo, its person and group, its side, and its content's digests."""
        return pl.DataFrame(
            {
                "photo": self.table.photos,
                "person": self.table.persons.tolist(),
                "group": self.split.groups.tolist(),
                "side": self.sides,
                "digest": self.photos.scan["digest"],
                "phash": self.photos.scan["phash"],
                "thumb": self.photos.scan["thumb"],
            }
        )

    def lineage(self, path: str) -> DataLineage:
        """What a lineage records of the data.

        Args:
            path: where they lie.
        """
        return DataLineage(
            path=path,
            fingerprint=self.photos.fingerprint,
            n_photos=len(self.table),
            n_persons=len(np.unique(self.table.persons)),
            set_aside=tuple(
                SetAside(photo=photo, reason=reason) for photo, reason in self.photos.set_aside.rows()
            ),
            unlabelled=self.photos.unlabelled,
            joined_persons=self.split.joined,
            corrections=self.photos.corrections,
            further=self.extra,
        )

    def split_sizes(self) -> SplitSizes:
        """How many photos are trained on and held out."""
        return SplitSizes(n_train=len(self.train_rows), n_held_out=int(self.split.held_out.sum()))
