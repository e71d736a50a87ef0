"""From a run or an exported file to what is served of it."""

from typing import Any

from maskwise.errors import InputError
from maskwise.export.model_source import score_of
from maskwise.export.open_model import Backend, open_predictor
from maskwise.inference.decision import Name, create_choice
from maskwise.inference.exported import ExportedCard, Model
from maskwise.inference.grad_cam import has_looks
from maskwise.inference.torch_engine import TorchEngine
from maskwise.models.member import load_member
from maskwise.reporting.limits_of_use import NOT_FOR, score_in_words
from maskwise.reporting.model_card import read_model_card
from maskwise.runs.run import Run
from maskwise.serving.app import Service
from maskwise.serving.limits import Limits


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
        backend: what computes.
        decision: how classes are decided; the run's own rule by default.
        calibrated: tell probabilities at the fitted temperature.
        token: what who asks must know; nothing by default.
        hosts: by which names it may be asked; any by default.

    Raises:
        InputError: when the model can't be opened, or the token is too short.
    """
    if token is not None and (len(token) < 16 or not token.isascii()):
        raise InputError(f"Expected a token of at least 16 plain (ASCII) characters, got {len(token)}.")
    predictor = open_predictor(model, backend)
    choice = create_choice(model, predictor.card, decision, calibrated=calibrated)
    names = [attribute.name for attribute in predictor.space.attributes]
    about: dict[str, Any]
    if isinstance(model, Run):  # whatever computes its answers
        score = score_of(model, names)
        about = {"name": model.name, "precision": "fp32", "weights": model.weights}
        about["card"] = read_model_card(model.path)  # Markdown
        engine = predictor.engine
        member = (
            engine.members[0] if isinstance(engine, TorchEngine) else load_member(model.member_folders[0])
        )
        explained = member if has_looks(member) else None
    else:
        card = predictor.card
        assert isinstance(card, ExportedCard)  # an exported file has no other
        score, explained = card.score, None
        about = {"name": card.name, "precision": card.precision, "weights": card.weights}
        about["card"] = card.model_card
    about["score"] = None if score is None else score.model_dump(mode="json")
    about["label_space"] = predictor.space.to_dict()
    about["limits_of_use"] = [*score_in_words(score), *NOT_FOR]
    return Service(predictor, choice, about, explained, Limits(), token, hosts)
