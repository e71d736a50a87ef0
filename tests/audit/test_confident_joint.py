import numpy as np

from maskwise.audit.confident_joint import confident_joint, joint_probabilities
from maskwise.audit.out_of_fold import OutOfFoldPredictions
from maskwise.competition.task import competition_task
from maskwise.tasks.label_space import UNKNOWN


def test_photos_labelled_as_one_class_and_predicted_as_another_are_counted() -> None:
    p = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.95, 0.05, 0.0]])
    labels = np.array([0, 0, 1, 1, 1])  # the last one is wrong
    # Thresholds by hand: 0.85 for the first class, (0.9 + 0.8 + 0.05) / 3 for the second.
    assert confident_joint(p, labels).tolist() == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert confident_joint(p, np.full(5, UNKNOWN)).sum() == 0


def test_joint_probabilities_are_in_the_order_of_the_classes() -> None:
    space = competition_task().space
    random = np.random.default_rng(0)
    each = {a.name: random.dirichlet(np.ones(len(a.values)), 7) for a in space.attributes}
    joint = joint_probabilities(OutOfFoldPredictions(each, {}, {}), space)
    assert joint.shape == (7, 18)
    assert np.allclose(joint.sum(axis=1), 1)
    for place, values in enumerate(space.decode(np.arange(18))):
        by_hand = np.prod([each[a.name][:, v] for a, v in zip(space.attributes, values, strict=True)], axis=0)
        assert np.allclose(joint[:, place], by_hand)
