"""The shape of a person's head: weights of MakeHuman's targets, from broad to fine."""

import itertools

import numpy as np

from maskwise.people.assets import Head
from maskwise.people.assets.head import Points
from maskwise.people.identity import Identity

# The standard deviation of a region's targets: larger ones give odd faces, not more variety.
_STRAY = {
    "nose": 0.24,
    "mouth": 0.16,
    "eyes": 0.16,
    "chin": 0.18,
    "cheek": 0.22,
    "forehead": 0.22,
    "head": 0.16,
    "eyebrows": 0.12,
    "ears": 0.25,
    "neck": 0.10,
}
_MOST = 0.5
_OPPOSITES = {
    "incr": "decr",
    "up": "down",
    "out": "in",
    "forward": "backward",
    "convex": "concave",
    "uncompress": "compress",
}
_OUTLINES = ("round", "oval", "square", "rectangular", "diamond", "triangular", "invertedtriangular")

Weights = dict[str, float]


def head_shape(identity: Identity, head: Head) -> Points:
    """The control points (K, 3) of a person's head, moved so that the eyes are at the height of the mean face's."""
    weights: Weights = {}
    for part in (_macro(identity), _stray(identity, head), _gendered(identity), _aged(identity)):
        for name, weight in part.items():
            weights[name] = weights.get(name, 0.0) + weight
    points = head.shaped(weights)
    shift = head.canon_control[head.left_eye].mean(0) - points[head.left_eye].mean(0)
    points[:, 1:] += shift[1:]
    return points


def _three(value: float, names: tuple[str, str, str]) -> list[tuple[str, float]]:
    shares = (max(0.0, 1 - 2 * value), 1 - abs(2 * value - 1), max(0.0, 2 * value - 1))
    return list(zip(names, shares, strict=True))


def _macro(identity: Identity) -> Weights:
    genders = (("female", 1 - identity.masculinity), ("male", identity.masculinity))
    ages = (("young", 1 - identity.aging), ("old", identity.aging))
    ancestries = list(zip(("african", "asian", "caucasian"), identity.ancestry, strict=True))
    muscles = _three(identity.muscle, ("minmuscle", "averagemuscle", "maxmuscle"))
    builds = _three(identity.weight, ("minweight", "averageweight", "maxweight"))
    weights = {
        f"macrodetails/{a}-{g}-{y}": share_a * share_g * share_y
        for (g, share_g), (y, share_y), (a, share_a) in itertools.product(genders, ages, ancestries)
    }
    for (g, share_g), (y, share_y), (m, share_m), (b, share_b) in itertools.product(
        genders, ages, muscles, builds
    ):
        weights[f"macrodetails/universal-{g}-{y}-{m}-{b}"] = share_g * share_y * share_m * share_b
    return weights


def _stray(identity: Identity, head: Head) -> Weights:
    """Weight each pair of opposite targets by a normal draw; left and right are almost alike."""
    weights: Weights = {}
    for name in head.targets:
        region, _, base = name.partition("/")
        stem, _, ending = base.rpartition("-")
        if region not in _STRAY or ending not in _OPPOSITES:
            continue
        if (region in ("head", "neck") and "trans" in stem) or "age" in stem:
            continue
        symmetric = stem[2:] if stem[:2] in ("l-", "r-") else stem
        shared = identity.random("stray", region, symmetric, ending).standard_normal()
        own = identity.random("asymmetry", name).standard_normal()
        amount = float(np.clip(shared * _STRAY[region], -_MOST, _MOST) + 0.03 * own)
        chosen = f"{region}/{stem}-{ending if amount > 0 else _OPPOSITES[ending]}"
        if chosen in head.targets:
            weights[chosen] = abs(amount)
    random = identity.random("outline")
    for outline in _OUTLINES:
        if random.random() < 0.25:
            weights[f"head/head-{outline}"] = 0.4 * random.random()
    return weights


def _gendered(identity: Identity) -> Weights:
    female, male = 1 - identity.masculinity, identity.masculinity
    young = 1 - min(1.0, identity.aging)
    weights = {
        "head/head-oval": 0.3 * female,
        "head/head-fat-decr": 0.2 * female,
        "chin/chin-triangle": 0.25 * female,
        "chin/chin-width-decr": 0.3 * female,
        "chin/chin-width-incr": 0.2 * male,
        "chin/chin-bones-decr": 0.25 * female,
        "chin/chin-height-decr": 0.2 * female,
        "nose/nose-scale-horiz-decr": 0.2 * female,
        "nose/nose-volume-decr": 0.2 * female,
        "mouth/mouth-lowerlip-height-incr": 0.2 * female * young,
        "mouth/mouth-upperlip-height-incr": 0.18 * female * young,
        "neck/neck-scale-horiz-decr": 0.3 * female,
        "neck/neck-scale-horiz-incr": 0.15 * male,
        # Calm brows: raised a little for everybody.
        "eyebrows/eyebrows-trans-up": 0.18 + 0.2 * female,
    }
    for side in "lr":
        weights[f"eyes/{side}-eye-scale-incr"] = 0.12 + 0.22 * female
        weights[f"eyes/{side}-eye-height2-incr"] = 0.06 + 0.1 * female
        weights[f"cheek/{side}-cheek-bones-incr"] = 0.18 * female
    return weights


def _aged(identity: Identity) -> Weights:
    """Changes of flesh and bone with age, in addition to the macro targets."""
    aging, random = identity.aging, identity.random("aging")
    middle = max(0.0, min(aging, 0.6) - 0.15)  # sets in from about thirty
    late = max(0.0, aging - 0.4)
    weights = {
        "head/head-age-decr": max(0.0, 26 - identity.age) / 14,
        "head/head-age-incr": 0.3 * middle + 0.35 * late,
        "neck/neck-double-incr": (0.5 * middle + 0.6 * late) * random.uniform(0.2, 1.0)
        + 0.3 * max(0.0, identity.weight - 0.6),
        "mouth/mouth-upperlip-volume-decr": 0.3 * middle + 0.4 * late,
        "mouth/mouth-lowerlip-volume-decr": 0.2 * middle + 0.35 * late,
        "mouth/mouth-angles-down": 0.25 * middle + 0.35 * late,
        "mouth/mouth-laugh-lines-in": 0.4 * middle + 0.3 * late,
        "nose/nose-volume-incr": 0.15 * middle + 0.2 * late,
        "nose/nose-point-down": 0.25 * late,
        "chin/chin-jaw-drop-incr": 0.25 * middle + 0.2 * late,
    }
    bags = random.uniform(0.4, 1.2)
    for side in "lr":
        weights[f"eyes/{side}-eye-bag-incr"] = (0.7 * middle + 0.6 * late) * bags
        weights[f"eyes/{side}-eye-height2-decr"] = 0.2 * middle + 0.25 * late
        weights[f"eyes/{side}-eye-eyefold-down"] = 0.4 * middle + 0.4 * late
        weights[f"cheek/{side}-cheek-volume-decr"] = 0.2 * middle + 0.5 * late
        weights[f"cheek/{side}-cheek-trans-down"] = 0.3 * middle + 0.3 * late
        weights[f"ears/{side}-ear-scale-incr"] = 0.4 * late
    return weights
