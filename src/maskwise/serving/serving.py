"""From a run or an exported file to a running service."""

import socket
from pathlib import Path
from typing import Any

from maskwise.errors import InputError
from maskwise.evaluation.limits_of_use import NOT_FOR, score_in_words
from maskwise.evaluation.model_card import FILE as CARD_FILE
from maskwise.files import read_json
from maskwise.inference.choice import create_choice
from maskwise.inference.exported import ExportedCard
from maskwise.inference.grad_cam import has_looks
from maskwise.inference.members import run_identity
from maskwise.inference.opening import Backend, open_predictor
from maskwise.inference.torch_engine import TorchEngine
from maskwise.serving.app import Service, create_app
from maskwise.serving.limits import Limits

_GRACE_MARGIN = 5


def create_service(
    model: Path, *, backend: Backend | None = None, calibrated: bool = False, token: str | None = None
) -> Service:
    """The service of a model.

    Args:
        model: a run folder, an exported file, or its folder.
        backend: what computes.
        calibrated: tell probabilities at the fitted temperature.
        token: what who asks must know; nothing by default.

    Raises:
        InputError: when the model can't be opened, or the token is too short.
    """
    if token is not None and (len(token) < 16 or not token.isascii()):
        raise InputError(f"Expected a token of at least 16 plain (ASCII) characters, got {len(token)}.")
    predictor = open_predictor(model, backend)
    choice = create_choice(model, predictor.card, calibrated=calibrated)
    card = predictor.card
    names = [attribute.name for attribute in predictor.space.attributes]
    about: dict[str, Any]
    explained = None
    if isinstance(card, ExportedCard):
        score = card.score
        about = {"name": card.name, "precision": card.precision, "weights": card.weights}
    else:
        metrics = model / "metrics.json"
        score = read_json(metrics) if metrics.is_file() else None
        about = {"name": model.resolve().name, "precision": "fp32", "weights": run_identity(model)}
        member = predictor.engine.members[0] if isinstance(predictor.engine, TorchEngine) else None
        explained = member if member is not None and has_looks(member) else None
    kept = ("macro_f1", "accuracy", "scored_on", "n_persons", "n_photos")
    about["score"] = None if score is None else {key: score[key] for key in kept if key in score}
    about["label_space"] = predictor.space.to_dict()
    told = (model if model.is_dir() else model.parent) / CARD_FILE
    about["card"] = told.read_text(encoding="utf-8") if told.is_file() else None  # Markdown
    about["limits_of_use"] = [*score_in_words(score, names), *NOT_FOR]
    return Service(predictor, choice, about, explained, Limits(), token)


def run_service(service: Service, host: str, port: int) -> None:
    """Serve until a signal; what was taken is answered first.

    Raises:
        InputError: when the port is taken or the host unknown.
    """
    import uvicorn

    limits = service.limits
    listener = open_listener(host, port)
    config = uvicorn.Config(
        create_app(service),
        log_level="warning",
        access_log=False,
        server_header=False,
        # As long as what was begun may take to be sent and answered.
        timeout_graceful_shutdown=int(limits.receive_seconds + limits.answer_seconds) + _GRACE_MARGIN,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32_768,
    )
    uvicorn.Server(config).run(sockets=[listener])


def open_listener(host: str, port: int) -> socket.socket:
    """A socket bound to an address.

    Raises:
        InputError: when the port is taken or the host unknown.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sends small packets at once (TCP_NODELAY) only where it is, and an answer of two
    # packets would wait 40 ms for the first one's acknowledgement.
    listener = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"Expected {host}:{port} to be free, got: {error.strerror or error}; choose another --port or --host."
        ) from error
    return listener
