"""What a run came from: enough to repeat it, and to say whether it can be repeated."""

from pydantic import Field

from maskwise.runs.stored_model import Part, StoredModel


class Code(Part):
    """The commit of the checkout that trained."""

    commit: str
    changed: bool = False  # files differed from the commit


class SetAside(Part):
    """A photo that can't be used."""

    photo: str
    reason: str


class AppliedCorrections(Part):
    """The rows of a corrections file that were applied; decisions in the file itself may change later."""

    path: str
    digest: str
    n_findings: int = 0
    n_photos: int = 0
    rows: tuple[dict[str, str | None], ...] = ()


class ExtraData(Part):
    """A data set that was trained on and never held out."""

    path: str
    fingerprint: str
    n_photos: int = 0
    labels: str = ""  # its own, or the run that labelled it


class DataLineage(Part):
    """The photos."""

    path: str = ""
    fingerprint: str | None = None
    n_photos: int | None = None
    n_persons: int | None = None
    set_aside: tuple[SetAside, ...] = ()
    unlabelled: int = 0
    joined_persons: tuple[str, ...] = ()  # kept on one side, as they share near-identical photos
    corrections: AppliedCorrections | None = None
    further: tuple[ExtraData, ...] = ()


class SplitSizes(Part):
    """How many photos stand on each side."""

    n_train: int = 1
    n_held_out: int = 1


class Seeds(Part):
    """The seeds of training and split."""

    training: int = 0
    split: int = 0


class HeadTrial(Part):
    """What one setting of a linear head reached on folds of the training groups."""

    attribute: str
    strength: float
    balance: float
    macro_f1: float


class FaceCounts(Part):
    """In how many photos a face was found."""

    n_photos: int
    none: int  # taken as they are
    several: int  # of which the largest counts


class Measurements(Part):
    """What was measured to settle the recipe's `auto` values."""

    precision: dict[str, float] = Field(default_factory=dict)  # photos per second of each
    largest_batch: int | None = None
    heads: tuple[HeadTrial, ...] = ()
    faces: FaceCounts | None = None

    def with_heads(self, trials: tuple[HeadTrial, ...]) -> "Measurements":
        """The same with what was tried for linear heads, if anything was."""
        return self.model_copy(update={"heads": trials}) if trials else self

    def with_faces(self, faces: FaceCounts | None) -> "Measurements":
        """The same with the photos in which a face was found, if any was looked for."""
        return self if faces is None else self.model_copy(update={"faces": faces})


class Machine(Part):
    """The machine that trained."""

    system: str = ""
    release: str = ""
    architecture: str = ""
    processor: str = ""
    processors: int | None = None
    gpu: str | None = None


class Parent(Part):
    """A run that this one learned from, or is made of."""

    role: str  # teacher, labeller, start, member
    run: str
    weights: str | None = None  # digest


class FittedDecision(Part):
    """What was fitted on out-of-fold predictions."""

    temperature: float
    class_weights: tuple[float, ...] = ()


class DecisionLineage(Part):
    """How classes are decided."""

    rule: str
    fitted_out_of_fold: FittedDecision | None = None


class Lineage(StoredModel):
    """The whole file."""

    maskwise: str = ""
    code: Code | None = None
    command: tuple[str, ...] = ()
    data: DataLineage = DataLineage()
    split: SplitSizes = SplitSizes()
    seeds: Seeds = Seeds()
    threads: int | None = None
    device: str | None = None
    measured: Measurements = Measurements()
    python: str | None = None
    packages: dict[str, str | None] = Field(default_factory=dict)
    machine: Machine = Machine()
    parents: tuple[Parent, ...] = ()
    finished: bool = False
    seconds: float = 0
    folds: int | None = None
    refit: bool = False
    decision: DecisionLineage | None = None
    ensemble: str | None = None  # how runs were combined
    digests: dict[str, str] = Field(default_factory=dict)  # of the run's files, by path; older runs have none

    def with_digests(self, digests: dict[str, str]) -> "Lineage":
        """The same with the digests of the run's files."""
        return self.model_copy(update={"digests": digests})
