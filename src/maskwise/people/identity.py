"""The identity of a person: everything that is the same in all of the person's photos."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from maskwise.people.noise import smoothstep
from maskwise.randomness import keyed_generator

Gender = Literal["male", "female"]
HairStyle = Literal["buzz", "crop", "short", "side", "pixie", "bob", "long", "tied"]
Beard = Literal["none", "stubble", "full", "goatee", "moustache"]
Colour = npt.NDArray[np.float64]

# Linear RGB of skin from little to much melanin, and of hair and irises.
_SKIN = np.array(
    [
        [0.66, 0.43, 0.345],
        [0.60, 0.385, 0.285],
        [0.49, 0.30, 0.205],
        [0.33, 0.185, 0.115],
        [0.17, 0.088, 0.055],
    ]
)
_HAIR = np.array(
    [
        [0.012, 0.009, 0.008],
        [0.03, 0.017, 0.011],
        [0.075, 0.04, 0.02],
        [0.20, 0.115, 0.05],
        [0.13, 0.045, 0.02],
    ]
)
_IRIS = np.array(
    [[0.045, 0.02, 0.01], [0.09, 0.045, 0.02], [0.12, 0.10, 0.04], [0.12, 0.18, 0.25], [0.09, 0.15, 0.10]]
)

# Shares of hair styles: none belongs to one gender alone.
_STYLES: tuple[HairStyle, ...] = ("buzz", "crop", "short", "side", "pixie", "bob", "long", "tied")
_STYLE_SHARES = {
    "male": np.array([0.12, 0.28, 0.26, 0.20, 0.04, 0.03, 0.04, 0.03]),
    "female": np.array([0.01, 0.03, 0.08, 0.05, 0.15, 0.26, 0.28, 0.14]),
}
_OLD_STYLE_SHARES = {
    "male": np.array([0.18, 0.36, 0.24, 0.17, 0.02, 0.01, 0.01, 0.01]),
    "female": np.array([0.01, 0.06, 0.16, 0.06, 0.28, 0.28, 0.06, 0.09]),
}


@dataclass(frozen=True)
class Identity:
    """One person; shares and amounts are in [0, 1] unless noted otherwise."""

    seed: int
    person: int
    gender: Gender
    age: int  # years, true
    masculinity: float  # of the face's shape: genders overlap
    aging: float  # how far the skull and the flesh are from young to old
    wrinkles: float  # up to 1.2
    ancestry: tuple[float, float, float]  # African, Asian, Caucasian; sums to 1
    muscle: float
    weight: float
    melanin: float
    skin: Colour  # linear RGB (3,)
    hair: Colour  # linear RGB (3,), before greying
    grey: float
    iris: Colour
    makeup: float
    style: HairStyle
    baldness: float
    hairline: float  # decimetres up
    beard: Beard
    curl: float
    parting: float  # decimetres to the left
    fringe: bool
    brow: float  # thickness, about 1
    freckles: float
    glasses: bool

    def random(self, *component: int | str) -> np.random.Generator:
        """The random stream of one component of this person; adding a component does not change the others."""
        return keyed_generator(self.seed, self.person, *component)


def draw_identity(seed: int, person: int, gender: Gender, age: int) -> Identity:
    """Draw a person of a gender and an age; each property has its own random stream."""

    def stream(component: str) -> np.random.Generator:
        return keyed_generator(seed, person, component)

    male = gender == "male"
    random = stream("ancestry")
    ancestry = random.dirichlet([0.45, 0.45, 0.45])
    random = stream("shape")
    masculinity = float(np.clip((0.88 if male else 0.12) + 0.13 * random.standard_normal(), 0, 1))
    pace = 1 + 0.07 * random.standard_normal()  # some look younger than they are, some older
    aging = float(np.clip((age - 20) / 54 * pace, 0, 1.2))
    wrinkles = float(np.clip((age - 19) / 40 * pace * random.uniform(0.85, 1.15), 0, 1.5))
    muscle = float(np.clip(0.5 + 0.2 * random.standard_normal() + 0.15 * (masculinity - 0.5), 0, 1))
    weight = float(np.clip(0.42 + 0.17 * random.standard_normal() + 0.16 * min(aging, 0.6), 0.05, 0.95))

    random = stream("skin")
    melanin = float(np.clip(ancestry @ [0.85, 0.36, 0.18] + 0.07 * random.standard_normal(), 0.03, 0.98))
    tone = np.array([np.interp(melanin * 4, range(5), _SKIN[:, channel]) for channel in range(3)])
    tone = tone * random.uniform(0.92, 1.04) * [1, random.uniform(0.96, 1.03), random.uniform(0.93, 1.05)]
    freckles = float(random.random()) if random.random() < 0.25 and melanin < 0.35 else 0.0

    random = stream("hair")
    fair = ancestry[2] > 0.55
    shares = [0.12, 0.28, 0.33, 0.20, 0.07] if fair else [0.62, 0.30, 0.06, 0.01, 0.01]
    hair = _HAIR[random.choice(5, p=shares)] * random.uniform(0.8, 1.3)
    grey = float(np.clip((age - 37 + 5 * random.standard_normal()) / 32, 0, 1) ** 1.3)
    if age > 35 and random.random() < (0.12 if male else 0.34):  # dyed
        grey *= 0.2
    table = _OLD_STYLE_SHARES if age >= 58 else _STYLE_SHARES
    style = _STYLES[random.choice(8, p=table[gender])]
    baldness = 0.0
    if male and random.random() < 0.65:
        baldness = float(np.clip((age - 26) / 42 * random.uniform(0.1, 1.3), 0, 1))
    hairline = float(random.uniform(-0.05, 0.06) + 0.07 * aging * (1.0 if male else 0.5))
    curl = float(np.clip(0.15 * random.random() + 0.8 * ancestry[0] * (random.random() < 0.7), 0, 1))
    parting = float(random.uniform(-0.35, 0.35))
    fringe = bool(random.random() < (0.3 if style in ("bob", "long", "pixie") else 0.0))

    random = stream("face")
    beard: Beard = "none"
    if male and age > 19:
        kinds: tuple[Beard, ...] = ("none", "stubble", "full", "goatee", "moustache")
        beard = kinds[random.choice(5, p=[0.56, 0.25, 0.09, 0.06, 0.04])]
    made_up = random.uniform(0.1, 0.9) if not male and random.random() < 0.55 else 0.0
    iris = _IRIS[random.choice(5, p=[0.2, 0.3, 0.15, 0.22, 0.13] if fair else [0.7, 0.25, 0.03, 0.01, 0.01])]
    brow = float(random.uniform(0.8, 1.15) + 0.16 * (masculinity - 0.5))
    glasses = bool(stream("glasses").random() < 0.14 + 0.22 * float(smoothstep(40, 60, age)))
    return Identity(
        seed=seed,
        person=person,
        gender=gender,
        age=age,
        masculinity=masculinity,
        aging=aging,
        wrinkles=wrinkles,
        ancestry=(float(ancestry[0]), float(ancestry[1]), float(ancestry[2])),
        muscle=muscle,
        weight=weight,
        melanin=melanin,
        skin=tone,
        hair=hair,
        grey=grey,
        iris=iris,
        makeup=float(made_up),
        style=style,
        baldness=baldness,
        hairline=hairline,
        beard=beard,
        curl=curl,
        parting=parting,
        fringe=fringe,
        brow=brow,
        freckles=freckles,
        glasses=glasses,
    )
