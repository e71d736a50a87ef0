import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.models.decision import decide, marginals

SPACE = competition_task().space


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_marginals_sum_the_joint_probabilities(seed: int) -> None:
    p = np.random.default_rng(seed).dirichlet(np.ones(18), size=5)
    values = SPACE.decode(np.arange(18))
    for place, marginal in enumerate(marginals(p, SPACE)):
        for value in range(SPACE.sizes[place]):
            assert np.allclose(marginal[:, value], p[:, values[:, place] == value].sum(axis=1))
    assert (decide(p, SPACE, "joint") == p.argmax(axis=1)).all()


def test_the_rules_can_differ() -> None:
    p = np.zeros((1, 18))
    p[0, [0, 4, 5]] = (0.4, 0.31, 0.29)  # the likeliest class is male, the likeliest gender female
    assert decide(p, SPACE, "joint").tolist() == [0]
    assert decide(p, SPACE, "marginal").tolist() == [3]
