"""What a service serves: a model, the facts about it, and the settings."""

from dataclasses import dataclass, field

from maskwise.inference.decision import Choice
from maskwise.inference.predictor import Predictor
from maskwise.models.member import Member
from maskwise.runs.stored_score import KeptScore
from maskwise.serving.limits import Limits


@dataclass(frozen=True)
class ModelFacts:
    """What `/v1/model` says about the run or the exported file that is served.

    Attributes:
        name: of the run.
        precision: `fp32` or `int8`.
        weights: a digest of the run's weights.
        card: the model card in Markdown, where there is one.
        score: the measured score, where there is one.
        limits_of_use: sentences about the score and about what the model is not for.
    """

    name: str
    precision: str
    weights: str
    card: str | None
    score: KeptScore | None
    limits_of_use: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """A model to serve.

    Attributes:
        predictor: computes the probabilities.
        choice: how classes are decided.
        facts: about the model.
        explained: the member whose saliency maps are shown; None where there are none, such as for an exported file.
        limits: on requests.
        token: required in the header Authorization; None where no token is needed.
        hosts: the allowed names in the Host header; None where any is allowed.
    """

    predictor: Predictor
    choice: Choice
    facts: ModelFacts
    explained: Member | None = None
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    hosts: tuple[str, ...] | None = None
