from pathlib import Path

import numpy as np
import pytest
import yaml

from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe, save_recipe
from maskwise.reporter import Progress, SilentReporter
from maskwise.studies.claims import judge, read_claims
from maskwise.studies.effects import Effect, ranking_agreement
from maskwise.studies.engines import run_trials
from maskwise.studies.run_study import run_study
from maskwise.studies.study import Study, list_trials, parse_study, read_study
from maskwise.studies.study_report import write_study_report
from tests.pictures import TINY, make_people

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base recipe small enough to train in a second."""
    path = tmp_path_factory.mktemp("base") / "tiny.yaml"
    save_recipe(path, load_recipe("cpu", [*TINY, "training.epochs=1"]))
    return path


@pytest.fixture(scope="module")
def frozen_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base with the backbone whose weights are bundled, for frozen features."""
    path = tmp_path_factory.mktemp("base") / "lite.yaml"
    small = ["transform.steps.resize.height=32", "transform.steps.resize.width=32"]
    save_recipe(path, load_recipe("cpu", [*small, "training.epochs=1", "training.precision=32-true"]))
    return path


def study(base: Path, **content: object) -> Study:
    return parse_study({"name": "s", "base": str(base), **content}, "here")


def test_each_trial_changes_one_value_and_keeps_the_rest(base: Path) -> None:
    trials = list_trials(
        study(
            base,
            variables={"loss": [{"kind": "focal"}], "optimizer.lr": [0.1, 0.2]},
            seeds=[0, 1],
            splits=[0, 3],
        ),
        "fine-tune",
    )
    assert [t.condition for t in trials[::4]] == [
        "base",
        "loss = {kind: focal}",
        "optimizer.lr = 0.1",
        "optimizer.lr = 0.2",
    ]
    assert {(t.seed, t.split) for t in trials} == {(0, 0), (1, 0), (0, 3), (1, 3)}
    assert len({t.name for t in trials}) == 16
    assert trials[-1].recipe.optimizer.lr == 0.2
    assert (trials[-1].recipe.seed, trials[-1].recipe.split.seed) == (1, 3)
    assert trials[4].recipe.loss.kind == "focal"
    grid = study(base, variables={"optimizer.lr": [0.1, 0.2], "decision": ["joint"]}, grid=True)
    assert [len(t.changes) for t in list_trials(grid, "fine-tune")] == [0, 2, 2]


def test_steps_are_put_where_they_belong(base: Path) -> None:
    variables = {
        "transform.add": [
            {"step": "grayscale", "probability": 1, "phase": "always"},
            {"step": "zoom", "amount": 0.1},
        ],
        "transform.remove": ["rotation"],
    }
    names = [
        [step.step for step in t.recipe.transform.steps]
        for t in list_trials(study(base, variables=variables), "fine-tune")
    ]
    assert names[0] == ["horizontal_flip", "rotation", "resize", "normalize"]
    assert names[1] == ["horizontal_flip", "rotation", "resize", "grayscale", "normalize"]
    assert names[2] == ["zoom", "horizontal_flip", "rotation", "resize", "normalize"]
    assert names[3] == ["horizontal_flip", "resize", "normalize"]
    several = {
        "transform.add": [
            {"step": "soften_edges"},
            {"step": "zoom", "amount": 0.1},
            {"step": "shift", "amount": 0.1},
            {"step": "blur"},
        ],
        "transform.remove": ["rotation", "horizontal_flip"],
    }
    variables = {"transform.remove": ["shift"], "transform.add": [{"step": "grayscale"}]}
    base_of = list_trials(study(base, set=several, variables=variables), "fine-tune")
    assert [[step.step for step in t.recipe.transform.steps] for t in base_of] == [
        ["zoom", "shift", "resize", "soften_edges", "blur", "normalize"],
        ["zoom", "resize", "soften_edges", "blur", "normalize"],
        ["zoom", "shift", "resize", "soften_edges", "blur", "grayscale", "normalize"],
    ]


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_studies_in_the_docs_can_be_run(path: Path) -> None:
    shipped = read_study(path)
    mode = "frozen" if shipped.mode == "frozen" else "fine-tune"
    assert len(list_trials(shipped, mode)) > 5


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (
            {"variables": {"optimizer": [{"kind": "adamw", "lr": 0.1, "weight_decay": 0.5}]}},
            "fine-tune",
            "expected one value to change",
        ),
        ({"variables": {"optimizer.rate": [1]}}, "fine-tune", "got 'rate'"),
        ({"variables": {"decision": ["marginal"]}}, "fine-tune", "got the base's own"),
        ({"variables": {"split.by": ["photo"]}}, "frozen", "leaves the held-out persons as they are"),
        ({"variables": {"split.held_out": [0.3]}}, "fine-tune", "leaves the held-out persons as they are"),
        ({"variables": {"optimizer.lr": [1]}}, "frozen", "about the backbone: set mode: fine-tune"),
        ({"variables": {"transform.remove": ["zoom"]}}, "fine-tune", "expected one of horizontal_flip"),
        ({"variables": {"transform.add": ["zoom"]}}, "fine-tune", "expected a step such as"),
        ({"variables": {"transform.add": [[{"step": "blur"}]]}}, "fine-tune", "expected a step such as"),
        ({"variables": {}}, "fine-tune", "at least one, each with values"),
        ({"variables": {"optimizer.lr": []}}, "fine-tune", "at least one, each with values"),
        ({"variables": {"optimizer.lr": [1]}, "seeds": []}, "fine-tune", "here: seeds"),
        ({"variables": {"optimizer.lr": [1]}, "base": "cpuu"}, "fine-tune", "did you mean cpu"),
        ({"variables": {"optimizer.lr": [1]}, "sedes": [1]}, "fine-tune", "here: sedes"),
    ],
)
def test_studies_that_make_no_sense_are_one_line(
    base: Path, content: dict[str, object], mode: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        list_trials(study(base, **content), mode) if "base" not in content else list_trials(
            parse_study({"name": "s", **content}, "here"), mode
        )


def test_a_study_runs_goes_on_and_reports(base: Path, people: Path, tmp_path: Path) -> None:
    asked = study(base, variables={"optimizer.lr": [0.01], "training.epochs": [2]}, seeds=[0, 1])
    out = tmp_path / "study"
    seen: list[int] = []

    class Stopping(SilentReporter):
        def progress(self, stage: str) -> Progress:
            def stop(done: int, total: int) -> None:
                seen.append(total)
                if done == 3:
                    raise KeyboardInterrupt

            return stop if stage.startswith("trials of ") else super().progress(stage)

    with pytest.raises(KeyboardInterrupt):
        run_study(asked, people, out, reporter=Stopping())
    kept = {p: p.stat().st_mtime_ns for p in out.glob("trials/*/members/00/model.safetensors")}
    assert len(kept) == 3
    findings = run_study(asked, people, out)
    assert seen == [6, 6, 6, 6]
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert [e.condition for e in findings.effects] == ["optimizer.lr = 0.01", "training.epochs = 2"]
    for effect in findings.effects:
        assert effect.ci95[0] <= effect.value <= effect.ci95[1]
        assert effect.speaks_of == "recipes"
    write_study_report(out / "report.html", findings, data="DATA", command="maskwise ablate")
    page = (out / "report.html").read_text()
    assert "What one may write" in page
    assert "training.epochs = 2" in page
    assert (out / "trials.csv").read_text().count("\n") == 7
    with pytest.raises(InputError, match="to hold this study"):
        run_study(study(base, variables={"optimizer.lr": [0.5]}), people, out)
    with pytest.raises(InputError, match="to hold this study on these data"):
        run_study(asked, make_people(tmp_path / "other", 24, seed=3), out)


def test_a_failed_trial_is_a_row(base: Path, people: Path, tmp_path: Path) -> None:
    asked = study(base, variables={"labels.boundaries": [{"age": [30, 100]}], "optimizer.lr": [0.01]})
    findings = run_study(asked, people, tmp_path / "study")
    failed, fine = findings.effects
    assert (failed.verdict, failed.n_failed, failed.value) == ("failed", 1, None)
    assert "no trial ended well" in failed.sentence(0.02)
    assert fine.speaks_of == "models"
    assert "not of the recipes" in fine.sentence(0.02)
    assert "got none in" in (tmp_path / "study/trials.csv").read_text()


def test_what_frozen_features_would_leave_out_is_refused(
    frozen_base: Path, people: Path, tmp_path: Path
) -> None:
    for name, value in (("start_from", "runs/other"), ("distillation", {"run": "runs/teacher"})):
        asked = study(frozen_base, set={name: value}, variables={"loss": [{"kind": "focal"}]}, mode="frozen")
        with pytest.raises(InputError, match=f"got one with {name}: set mode: fine-tune"):
            run_study(asked, people, tmp_path / name)


def test_screening_picks_what_is_fine_tuned(frozen_base: Path, people: Path, tmp_path: Path) -> None:
    asked = study(
        frozen_base,
        variables={"loss": [{"kind": "focal"}, {"kind": "weighted"}], "model.head.kind": ["joint"]},
        mode="screen",
        confirm=1,
    )
    findings = run_study(asked, people, tmp_path / "study")
    assert len(findings.screened) == 3
    best = max(findings.screened, key=lambda e: e.value)
    assert [e.condition for e in findings.confirmed] == [best.condition]
    assert findings.agreement is None
    assert len(findings.effects) == 3


def test_rankings_agree_or_not() -> None:
    def effects(values: list[float]) -> list[Effect]:
        return [
            Effect(f"v{k}", "frozen", v, (v - 1, v + 1), 0.5, "", "recipes", 1, 0, 0.5, 1.0)
            for k, v in enumerate(values)
        ]

    same = ranking_agreement(effects([1, 2, 3, 4, 5, 6]), effects([1, 2, 3, 4, 5, 6]))
    assert same.correlation == pytest.approx(1)
    opposite = ranking_agreement(effects([1, 2, 3, 4]), effects([4, 3, 2, 1]))
    assert opposite.correlation == pytest.approx(-1)
    assert opposite.ci95[0] <= -1 + 1e-9
    assert ranking_agreement(effects([1, 2]), effects([1, 2])) is None


def test_ray_runs_the_same_trials(frozen_base: Path, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    data = make_people(tmp_path / "data", 16)
    trials = list_trials(study(frozen_base, variables={"loss": [{"kind": "focal"}]}), "frozen")
    here = {o.trial.name: o.score for o in run_trials(trials, data, tmp_path / "here")}
    there = {o.trial.name: o.score for o in run_trials(trials, data, tmp_path / "there", on="ray")}
    assert not ray.is_initialized()
    assert here.keys() == there.keys()
    assert np.allclose(list(here.values()), [there[name] for name in here])


def test_every_claim_is_one_variable_of_the_reports_recipe() -> None:
    claims = read_claims()
    assert len({c.name for c in claims}) == len(claims) >= 15
    for claim in claims:
        assert any("\uac00" <= letter <= "\ud7a3" or letter.isascii() for letter in claim.korean)
        variables = {k: v for k, v in claim.variables.items() if k != "data.more"}
        if not variables or claim.question == "inflation":  # which compares two bases, not a variable
            continue
        asked = Study(name="c", base="report-2021-lite", variables=variables, mode=claim.way)
        assert len(list_trials(asked, claim.way)) >= 2


@pytest.mark.parametrize(
    ("expected", "verdicts", "judgement"),
    [
        ("worse", ["worse"], "upheld"),
        ("worse", ["worse", "can't tell"], "partly upheld"),
        ("worse", ["better"], "contradicted"),
        ("worse", ["better", "worse"], "partly upheld, partly contradicted"),
        ("worse", ["can't tell"], "can't tell"),
        ("worse", ["failed"], "could not be tested"),
        (
            "better",
            ["no difference larger than the margin"],
            "not seen: no difference larger than the margin",
        ),
        ("untried", ["better", "better"], "better"),
    ],
)
def test_verdicts(expected: str, verdicts: list[str], judgement: str) -> None:
    assert judge(expected, verdicts) == judgement


def test_a_study_is_read_from_yaml(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({"name": "s", "base": str(base), "variables": {"optimizer.lr": [1]}}))
    assert read_study(path).variables == {"optimizer.lr": [1]}
    for text, message in (("a: [", "expected YAML"), ("[1]", "study")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_study(path)
    with pytest.raises(InputError, match="does not"):
        read_study(tmp_path / "absent.yaml")
