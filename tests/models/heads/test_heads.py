import pytest
import torch

from maskwise.competition.task import competition_task
from maskwise.models.heads import create_head
from maskwise.models.heads.branches import BranchesHead, BranchesHeadSpec
from maskwise.models.heads.create import AnyHeadSpec
from maskwise.models.heads.joint import JointHeadSpec
from maskwise.models.heads.ordinal import OrdinalBranch, OrdinalHeadSpec
from maskwise.models.heads.structured import StructuredHead, StructuredHeadSpec

SPACE = competition_task().space
FEATURES = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "spec", [JointHeadSpec(), BranchesHeadSpec(), StructuredHeadSpec(), OrdinalHeadSpec()]
)
def test_every_head_gives_joint_logits_that_can_be_trained(spec: AnyHeadSpec) -> None:
    head = create_head(spec, 12, SPACE)
    logits = head(FEATURES)
    assert logits.shape == (5, 18)
    torch.nn.functional.cross_entropy(logits, torch.arange(5)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())


def test_branches_are_independent_attributes() -> None:
    head = BranchesHead(12, SPACE)
    cube = head(FEATURES).softmax(dim=1).reshape(5, 3, 2, 3)
    own = [branch(FEATURES).softmax(dim=1) for branch in head.branches]
    assert torch.allclose(cube, torch.einsum("nm,ng,na->nmga", *own), atol=1e-6)
    classes = torch.tensor([0, 4, 11, 13, 17])
    joint = torch.nn.functional.cross_entropy(head(FEATURES), classes)
    indices = torch.from_numpy(SPACE.decode(classes.numpy()))
    apart = [
        torch.nn.functional.cross_entropy(branch(FEATURES), indices[:, place]).item()
        for place, branch in enumerate(head.branches)
    ]
    assert joint.item() == pytest.approx(sum(apart), rel=1e-5)


def test_a_structured_head_begins_as_its_branches_and_can_leave_them() -> None:
    head = StructuredHead(12, SPACE)
    assert torch.equal(head(FEATURES), head.main(FEATURES))
    torch.nn.init.normal_(head.residual.weight)
    cube = head(FEATURES).log_softmax(dim=1).reshape(5, 6, 3)
    assert not torch.allclose(cube[:, 0] - cube[:, 0, :1], cube[:, 1] - cube[:, 1, :1], atol=1e-3)


def test_an_ordinal_branch_is_the_proportional_odds_model() -> None:
    branch = OrdinalBranch(12, 4)
    torch.nn.init.normal_(branch.gaps, generator=torch.Generator().manual_seed(1))
    p = branch(FEATURES).exp()
    assert torch.allclose(p.sum(dim=1), torch.ones(5), atol=1e-5)
    thresholds = branch.thresholds()
    assert (thresholds.diff() > 0).all()
    assert torch.allclose(
        p.cumsum(dim=1)[:, :3], torch.sigmoid(thresholds - branch.score(FEATURES)), atol=1e-5
    )


def test_the_band_between_is_learnt_at_a_recipes_rate() -> None:
    branch = OrdinalBranch(1, 3)
    torch.nn.init.constant_(branch.score.weight, -0.3)  # begins the wrong way round
    features = torch.linspace(-1, 1, 60)[:, None]
    bands = torch.arange(60) // 20
    optimizer = torch.optim.AdamW(branch.parameters(), lr=2e-3)
    for _ in range(1200):
        optimizer.zero_grad()
        torch.nn.functional.nll_loss(branch(features * 10), bands).backward()
        optimizer.step()
    assert (branch(features * 10).argmax(1) == bands).float().mean() > 0.9


def test_far_scores_keep_finite_gradients() -> None:
    branch = OrdinalBranch(1, 3)
    torch.nn.init.constant_(branch.score.weight, 1.0)
    branch(torch.tensor([[300.0], [-300.0], [0.0]])).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in branch.parameters())
