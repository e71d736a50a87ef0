import json
import pickle
from pathlib import Path

import pytest
import torch

from maskwise.competition.task import competition_task
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.models.classifier import ModelSpec, create_classifier
from maskwise.models.member import CARD_FILE, WEIGHTS_FILE, MemberCard, load_member, save_member

SPACE = competition_task().space
SPEC = ModelSpec(backbone="test_efficientnet", weights="none")
CARD = MemberCard(
    label_space=SPACE.to_dict(),
    training_boundaries={"age": (30, 58)},
    transform=TransformSpec.model_validate(
        {
            "steps": [
                {"step": "resize", "height": 32, "width": 32},
                {"step": "normalize", "mean": (0.5,) * 3, "std": (0.5,) * 3},
            ]
        }
    ),
    model=SPEC,
    decision="joint",
    commonest_class=4,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_member(tmp_path, create_classifier(SPEC, SPACE, seed=3)[0], CARD)
    return tmp_path


def test_a_member_survives_a_round_trip(saved: Path) -> None:
    member = load_member(saved)
    assert member.card == CARD
    assert member.card.space == SPACE
    original = create_classifier(SPEC, SPACE, seed=3)[0].eval()
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(member.classifier(images), original(images))
    assert json.loads((saved / CARD_FILE).read_text())["schema"] == 1


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("exploded"),))  # type: ignore[return-value]


def test_pickled_code_is_never_run(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(saved)
    (saved / WEIGHTS_FILE).write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(InputError, match=WEIGHTS_FILE):
        load_member(saved)
    assert not (saved / "exploded").exists()


def test_weights_of_another_model_are_refused(saved: Path) -> None:
    other = create_classifier(ModelSpec(backbone="resnet18", weights="none"), SPACE, seed=0)[0]
    save_member(saved / "other", other, CARD)
    with pytest.raises(InputError, match="expected the weights of test_efficientnet"):
        load_member(saved / "other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "expected schema 1, got 2"),
        ({"decision": "vote"}, "decision"),
        ({"commonest_class": 18}, "commonest_class"),
        ({"label_space": {}}, "label space"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_card_that_is_not_ours_is_refused(saved: Path, change: dict[str, object], message: str) -> None:
    content = json.loads((saved / CARD_FILE).read_text())
    (saved / CARD_FILE).write_text(json.dumps(content | change))
    with pytest.raises(InputError, match=message):
        load_member(saved)


def test_missing_files_are_named(saved: Path) -> None:
    (saved / WEIGHTS_FILE).unlink()
    with pytest.raises(InputError, match=WEIGHTS_FILE):
        load_member(saved)
    (saved / CARD_FILE).write_text("{broken")
    with pytest.raises(InputError, match=CARD_FILE):
        load_member(saved)
