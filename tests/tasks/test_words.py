import pytest

from maskwise.tasks.words import plural


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("patient", "patients"),
        ("person", "persons"),
        ("body", "bodies"),
        ("batch", "batches"),
        ("환자", "환자"),
    ],
)
def test_plural(one: str, many: str) -> None:
    assert plural(one) == many
