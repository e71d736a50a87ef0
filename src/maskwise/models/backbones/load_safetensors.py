"""A backbone's weights from a `.safetensors` file: data only, nothing in it is executed."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from maskwise.errors import InputError, in_short


def load_backbone_weights(module: nn.Module, path: Path, name: str, *, classifier: tuple[str, ...]) -> None:
    """Give a backbone without its classifier the weights of a file.

    Args:
        module: the backbone.
        path: a `.safetensors` file, with the classifier's weights or without.
        name: of the architecture, for messages.
        classifier: the names of the classifier's modules, whose weights in the file are not used.

    Raises:
        InputError: when the file is missing, broken or another architecture's, naming the first difference.
    """
    try:
        state = load_file(path)
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to be the weights of {name}, but it does not exist.") from error
    except (OSError, SafetensorError) as error:
        raise InputError(f"Expected {path} to be a safetensors file, got: {in_short(error)}.") from error
    own = module.state_dict()
    prefixes = tuple(f"{part}." for part in classifier)
    state = {key: value for key, value in state.items() if key in own or not key.startswith(prefixes)}
    difference = next(_differences(own, state), None)
    if difference is not None:
        raise InputError(f"{path}: expected the weights of {name}, {difference}.")
    if not all(bool(value.isfinite().all()) for value in state.values()):
        raise InputError(f"{path}: expected finite weights, got some that are no numbers.")
    module.load_state_dict(state, strict=True)


def _differences(own: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> Iterator[str]:
    """What a file lacks, has in another shape or has beyond an architecture, in the architecture's order."""
    for key, value in own.items():
        if key not in given:
            yield f"with {key}, got none"
        elif given[key].shape != value.shape:
            yield f"with {key} of shape {tuple(value.shape)}, got {tuple(given[key].shape)}"
    for key in given:
        if key not in own:
            yield f"got {key}, which it does not have"
