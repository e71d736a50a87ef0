"""Smooth steps, smooth noise, and the tiles of noise for skin and fabric."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.randomness import keyed_generator

Image = npt.NDArray[np.float32]
TILE = 512


def smoothstep(low: float, high: float, x: npt.ArrayLike) -> npt.NDArray[np.floating]:
    """0 below `low`, 1 above `high`, a cubic in between; falling where `low` > `high`."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def smooth_noise(
    random: np.random.Generator,
    height: int,
    width: int,
    scale: float,
    *,
    octaves: int = 3,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Image:
    """Noise (height, width) of unit variance whose largest features are about `scale` pixels wide."""
    out = np.zeros((height, width), np.float32)
    amplitude = 1.0
    for _ in range(octaves):
        rows, columns = (
            max(2, int(n / scale * s) + 3) for n, s in zip((height, width), stretch, strict=True)
        )
        grid = random.standard_normal((rows, columns), dtype=np.float32)
        out += np.float32(amplitude) * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        amplitude *= 0.55
        scale = max(1.0, scale / 2)
    return np.asarray(out / out.std(), dtype=np.float32)


@lru_cache(maxsize=1)
def noise_tiles() -> npt.NDArray[np.float32]:
    """Three periodic tiles of noise (3, 512, 512) for pores, fine grain and weave; all people have the same."""
    random = keyed_generator("synthesis", "tiles")
    tiles = []
    for scale in (2.2, 6.0, 22.0):
        grid = random.standard_normal((TILE, TILE), dtype=np.float32)
        spectrum = np.fft.rfft2(grid)
        fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
        spectrum *= np.exp(-2 * (np.pi * scale / 2.5) ** 2 * (fx**2 + fy**2))
        tile = np.fft.irfft2(spectrum, s=(TILE, TILE))
        tiles.append(tile / tile.std())
    return np.stack(tiles).astype(np.float32)
