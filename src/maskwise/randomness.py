"""Keyed randomness: every draw is a function of what it is for, never of what was drawn before."""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Key = int | str


def keyed_digest(*key: Key) -> bytes:
    """64 bytes that depend on all parts of the key and their order."""
    return blake2b("\x1f".join(map(repr, key)).encode(), digest_size=64).digest()


def keyed_uniforms(*key: Key) -> npt.NDArray[np.float64]:
    """Eight independent numbers (8,) in [0, 1), a function of the key alone."""
    words = np.frombuffer(keyed_digest(*key), dtype="<u8")
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def keyed_seed(*key: Key) -> int:
    """A seed in [0, 2**63) for generators of other libraries."""
    return int.from_bytes(keyed_digest(*key)[:8], "little") >> 1


def keyed_generator(*key: Key) -> np.random.Generator:
    """A generator for more than a few draws, seeded by the key alone."""
    return np.random.Generator(np.random.Philox(key=keyed_seed(*key)))
