import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from maskwise.competition.task import competition_task
from maskwise.evaluation.score_predictions import score
from maskwise.reporting.gallery import Mistake, worst_rows
from maskwise.reporting.group_words import gap_in_words
from maskwise.reporting.run_report import About, write_report
from maskwise.runs.metrics import Circumstances, Metrics

SPACE = competition_task().space
HOSTILE = '<script>alert("x")</script>'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "xlink:href")]


@pytest.fixture
def metrics() -> Metrics:
    random = np.random.default_rng(0)
    persons = np.repeat([f"p{i}" for i in range(40)], 7)
    labels = np.stack(
        [np.tile([0, 0, 0, 0, 0, 1, 2], 40), (np.arange(40) % 2).repeat(7), (np.arange(40) % 3).repeat(7)],
        axis=1,
    )
    predictions = np.where(random.random(280) < 0.6, SPACE.encode(labels), 3)
    groups = {HOSTILE: np.repeat([HOSTILE, "b"], 140)}
    scores = score(labels, predictions, persons, SPACE, groups=groups, draws=50)
    return Metrics.combine(Circumstances(scored_on="held-out persons", persons_known=True), scores)


def about() -> About:
    return About(
        HOSTILE,
        HOSTILE,
        {HOSTILE: HOSTILE},
        HOSTILE,
        warnings=(HOSTILE,),
        recipe=HOSTILE,
        set_aside=[(HOSTILE, HOSTILE)],
    )


HISTORY = [
    {
        "epoch": e,
        "train_loss": 1 / e,
        "held_out_loss": 1.5 / e,
        "held_out_macro_f1": 0.1 * e,
        "held_out_mask_macro_f1": 0.2 * e,
    }
    for e in (1, 2, 3)
]


def test_the_page_needs_nothing_beside_itself_and_trusts_no_name(tmp_path: Path, metrics: Metrics) -> None:
    gallery = [Mistake(HOSTILE, "data:image/jpeg;base64,AA==", HOSTILE, HOSTILE, 0.9)]
    write_report(tmp_path / "r.html", metrics, SPACE, about(), history=HISTORY, gallery=gallery)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    assert "script" not in page.tags
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert "default-src 'none'" in text
    assert page.tags.count("svg") == 2
    assert page.tags.count("img") == 1
    assert re.search(r"Macro F1 over 18 classes", text)
    value, (low, high) = metrics.macro_f1.value, metrics.macro_f1.ci95
    assert f"{value:.3f}" in text
    assert f"{low:.3f} to {high:.3f}" in text


def test_groups_and_their_largest_gap_stand_in_the_page(tmp_path: Path, metrics: Metrics) -> None:
    write_report(tmp_path / "r.html", metrics, SPACE, about(), gallery=[])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    groups = metrics.groups
    figure = groups["gender"]["male"].accuracy
    low, high = figure.ci95
    assert f'<td>{figure.value:.3f} <span class="soft">({low:.3f} to {high:.3f})</span></td>' in text
    assert groups["age_band"]["<30"].n_persons == 14
    assert "<td>&lt;30</td><td>14</td>" in text
    assert "too few persons" in text
    assert metrics.gaps
    assert all(html.escape(gap_in_words(gap), quote=False) in text for gap in metrics.gaps[:1])


def test_photos_are_left_out_when_asked(tmp_path: Path, metrics: Metrics) -> None:
    write_report(tmp_path / "r.html", metrics, SPACE, about(), gallery=None)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Photos were left out" in text
    assert "data:image" not in text


def test_an_evaluation_without_joint_labels_still_has_a_page(tmp_path: Path) -> None:
    labels = np.tile([0, -1, -1], (30, 1))
    scores = score(labels, np.zeros(30, dtype=int), np.arange(30).astype(str), SPACE, groups={}, draws=20)
    write_report(
        tmp_path / "r.html",
        Metrics.combine(Circumstances(scored_on=None, persons_known=False), scores),
        SPACE,
        about(),
        gallery=[],
    )
    assert "no labels" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_the_worst_mistakes_are_one_a_person_and_least_likely_first() -> None:
    labels = np.array([0, 0, 1, 1, -1, 2])
    predictions = np.array([1, 1, 0, 1, 1, 0])
    p = np.full((6, 18), 0.01)
    p[[0, 1, 2, 5], [0, 0, 1, 2]] = (0.3, 0.1, 0.05, 0.2)
    persons = np.array(["a", "a", "b", "c", "d", "e"])
    assert worst_rows(labels, predictions, p, persons, most=9) == [2, 1, 5]
    assert worst_rows(labels, predictions, p, persons, most=1) == [2]
