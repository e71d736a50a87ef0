"""Photos mixed with others of their batch: behind the split, among training photos alone."""

from maskwise.training.mixing.half_face import HalfFaceSpec, half_face_partners, mix_half_faces

__all__ = ["HalfFaceSpec", "half_face_partners", "mix_half_faces"]
