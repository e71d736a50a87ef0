"""Create the service of a run or an exported file."""

from maskwise.errors import InputError
from maskwise.export.merge_run import score_of
from maskwise.export.open_model import Backend, open_predictor
from maskwise.inference.decision import Name, create_choice
from maskwise.inference.exported import ExportedCard, Model
from maskwise.inference.grad_cam import has_looks
from maskwise.inference.predictor import Predictor
from maskwise.inference.torch_engine import TorchEngine
from maskwise.models.member import Member, load_member
from maskwise.reporting.limits_of_use import NOT_FOR, score_in_words
from maskwise.reporting.model_card import read_model_card
from maskwise.runs.run import Run
from maskwise.runs.stored_score import KeptScore
from maskwise.serving.limits import Limits
from maskwise.serving.service import ModelFacts, Service

_TOKEN_LENGTH = 16


def create_service(
    model: Model,
    *,
    backend: Backend | None = None,
    decision: Name | None = None,
    calibrated: bool = False,
    token: str | None = None,
    hosts: tuple[str, ...] | None = None,
) -> Service:
    """The service of a model.

    Args:
        model: a run, or an exported file.
        backend: what computes; by default the model's own.
        decision: how classes are decided; by default the run's own rule.
        calibrated: whether probabilities are given at the fitted temperature.
        token: required in the header Authorization; by default no token is needed.
        hosts: the allowed names in the Host header; by default any.

    Raises:
        InputError: when the model can't be opened, or the token is too short.
    """
    if token is not None and (len(token) < _TOKEN_LENGTH or not token.isascii()):
        raise InputError(
            f"Expected a token of at least {_TOKEN_LENGTH} plain (ASCII) characters, got {len(token)}."
        )
    predictor = open_predictor(model, backend)
    choice = create_choice(model, predictor.card, decision, calibrated=calibrated)
    if isinstance(model, Run):
        facts, explained = _facts_of_run(model, predictor), _explained_member(model, predictor)
    else:
        facts, explained = _facts_of_file(predictor), None
    return Service(predictor, choice, facts, explained, Limits(), token, hosts)


def _facts_of_run(run: Run, predictor: Predictor) -> ModelFacts:
    score = score_of(run, [attribute.name for attribute in predictor.space.attributes])
    return ModelFacts(
        name=run.name,
        precision="fp32",
        weights=run.weights,
        card=read_model_card(run.path),
        score=score,
        limits_of_use=_limits_of_use(score),
    )


def _facts_of_file(predictor: Predictor) -> ModelFacts:
    card = predictor.card
    assert isinstance(card, ExportedCard)  # engines of exported files have no other card
    return ModelFacts(
        name=card.name,
        precision=card.precision,
        weights=card.weights,
        card=card.model_card,
        score=card.score,
        limits_of_use=_limits_of_use(card.score),
    )


def _limits_of_use(score: KeptScore | None) -> tuple[str, ...]:
    return (*score_in_words(score), *NOT_FOR)


def _explained_member(run: Run, predictor: Predictor) -> Member | None:
    """The run's first member in PyTorch, whatever backend computes; None where Grad-CAM does not work for it."""
    engine = predictor.engine
    member = engine.members[0] if isinstance(engine, TorchEngine) else load_member(run.member_folders[0])
    return member if has_looks(member) else None
