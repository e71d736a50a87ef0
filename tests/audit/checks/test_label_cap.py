from maskwise.audit.checks.label_cap import find_cap


def test_a_cap_is_a_number_at_the_upper_end_that_far_more_persons_have() -> None:
    below = [number for number, n in {57: 106, 58: 159, 59: 85}.items() for _ in range(n)]
    assert find_cap([*below, *[60.0] * 192]) == (60, 192, 0)  # as the competition's
    assert find_cap([*below, *[60.0] * 300, 61.0]) == (60, 300, 1)
    assert find_cap([*below, *[60.0] * 110]) is None
    assert find_cap([]) is None
