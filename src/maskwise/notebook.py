"""Commands as functions of the same names, for notebooks and scripts.

from pathlib import Path
from maskwise import notebook as mw

found = mw.audit(Path("data"), Path("audit"))
review = mw.review(Path("audit"))                      # review.decide(0, "yes"): what the page's keys do
metrics = mw.train(mw.load_recipe("cpu"), Path("data"), Path("runs/cpu"))
"""

from maskwise.audit.auditing import audit
from maskwise.audit.review import open_review as review
from maskwise.data.corrections import apply_corrections
from maskwise.data.reading import read_data
from maskwise.deployment.exporting import export
from maskwise.deployment.opening import open_predictor
from maskwise.evaluation.evaluating import evaluate
from maskwise.experiments.comparing import compare
from maskwise.experiments.ensembling import ensemble
from maskwise.experiments.listing import list_runs as runs
from maskwise.experiments.rebuilding import rebuild
from maskwise.training.recipe_files import load_recipe
from maskwise.training.train import train

__all__ = [
    "apply_corrections",
    "audit",
    "compare",
    "ensemble",
    "evaluate",
    "export",
    "load_recipe",
    "open_predictor",
    "read_data",
    "rebuild",
    "review",
    "runs",
    "train",
]
