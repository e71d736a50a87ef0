"""What procedural people are worth: whether they can be learnt from, and what they teach about real photos.

    python benchmarks/people_worth.py --people PEOPLE [--real DATA]

Frozen features of EfficientNet-Lite0 at 224 px (what it was trained at) and logistic regression with balanced classes,
everything scored on persons that were not trained on. PEOPLE comes from `maskwise data people PEOPLE --people 300
--seed 1`; DATA is a folder of real photos in the same layout, your own.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.competition.task import competition_task
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.split import assign_folds, deal_order
from maskwise.inference.features import extract_features
from maskwise.metrics.bootstrap import interval
from maskwise.metrics.classification import Floats, macro_f1, stacked_by_person

SPACE = competition_task().space
SIDE = 224
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Photos:
    """Features (N, F), attribute indices (N, 3) and persons (N,)."""

    features: npt.NDArray[np.float32]
    labels: Ints
    persons: npt.NDArray[np.str_]

    def of(self, rows: npt.NDArray[np.bool_]) -> "Photos":
        """The photos where `rows` (N,) is true."""
        return Photos(self.features[rows], self.labels[rows], self.persons[rows])

    def strata(self) -> Ints:
        """Gender x band (N,)."""
        return self.labels[:, 1] * 3 + self.labels[:, 2]


def read_photos(data: Path) -> Photos:
    """All usable photos of a data set."""
    table = read_data(data)
    table = table.keep(scan_photos(table).usable)
    return Photos(extract_features(table.paths, side=SIDE), table.label_indices(), table.persons)


def create_model() -> Pipeline:
    """A logistic regression for frozen features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500, class_weight="balanced"))


def learn(train: Photos, attribute: int, weights: npt.NDArray[np.float64] | None = None) -> object:
    """A logistic regression for one attribute."""
    return create_model().fit(
        train.features, train.labels[:, attribute], logisticregression__sample_weight=weights
    )


def counted(test: Photos, predicted: Ints, attribute: int) -> Floats:
    """Counts by person (P, 3V)."""
    return stacked_by_person(test.labels[:, attribute], predicted, test.persons, SPACE.sizes[attribute])


def show(name: str, counts: Floats) -> None:
    """Print macro F1 with its interval."""
    value, low, high = interval(macro_f1, counts)
    print(f"  {name:44} {float(value):.3f}  ({float(low):.3f} to {float(high):.3f})")


def show_difference(name: str, without: Floats, added: Floats) -> None:
    """Print a paired difference of macro F1 with its interval."""
    width = without.shape[1]

    def difference(both: Floats) -> Floats:
        return macro_f1(both[..., width:]) - macro_f1(both[..., :width])

    value, low, high = interval(difference, np.concatenate([without, added], axis=1))
    verdict = "better" if low > 0 else ("worse" if high < 0 else "can't tell")
    print(f"  {name:44} {float(value):+.3f}  ({float(low):+.3f} to {float(high):+.3f})  {verdict}")


def learnable(people: Photos) -> None:
    """Five folds by person."""
    print(f"Learnable: {len(np.unique(people.persons))} procedural people, 5 folds by person")
    folds = assign_folds(people.persons, people.strata(), n_folds=5, seed=0)
    for place, attribute in enumerate(SPACE.attributes):
        predicted = np.empty(len(folds), dtype=np.int64)
        for fold in range(5):
            predicted[folds == fold] = learn(people.of(folds != fold), place).predict(
                people.features[folds == fold]
            )
        show(f"{attribute.name}, macro F1", counted(people, predicted, place))


def on_real(people: Photos, real: Photos) -> None:
    """People alone, and people added to few real persons."""
    print("Trained on procedural people alone, tested on all real photos")
    for place, attribute in enumerate(SPACE.attributes):
        show(f"{attribute.name}, macro F1", counted(real, learn(people, place).predict(real.features), place))
    order = deal_order(real.persons, real.strata(), seed=0)
    order = order[np.argsort((np.arange(len(order)) * 0.618034) % 1)]  # any stretch is mixed evenly
    test = real.of(np.isin(real.persons, order[: len(order) // 2]))
    for n in (100, 300):
        train = real.of(np.isin(real.persons, order[len(order) // 2 :][:n]))
        both = Photos(
            np.concatenate([train.features, people.features]),
            np.concatenate([train.labels, people.labels]),
            np.concatenate([train.persons, people.persons]),
        )
        print(
            f"{n} real persons, without and with the procedural people, on {len(order) // 2} others, paired"
        )
        for place, attribute in enumerate(SPACE.attributes):
            without = counted(test, learn(train, place).predict(test.features), place)
            show(f"{attribute.name}, macro F1 without", without)
            for share in (1.0, 0.3):
                weights = np.concatenate([np.ones(len(train.persons)), np.full(len(people.persons), share)])
                added = counted(test, learn(both, place, weights).predict(test.features), place)
                show_difference(f"{attribute.name}, difference, people weighted {share}", without, added)


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--real", type=Path)
    arguments = parser.parse_args()
    print(describe_machine())
    people = read_photos(arguments.people)
    learnable(people)
    if arguments.real:
        on_real(people, read_photos(arguments.real))


if __name__ == "__main__":
    main()
