"""The beginning of a run: what is written before the first epoch, and what a resume is checked against."""

from maskwise.errors import InputError
from maskwise.files import printable
from maskwise.inference.device import choose_device
from maskwise.recipes.recipe_files import load_recipe, save_recipe
from maskwise.recipes.schema import Recipe
from maskwise.runs.digests import digest_of
from maskwise.runs.lineage import Lineage, Measurements, Parent, Seeds
from maskwise.runs.machine import begin_lineage
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.runs.split_file import write_split
from maskwise.training.distributed import is_first, rank
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


def begin_run(
    job: TrainingJob, data: TrainingData, measured: Measurements, parents: tuple[Parent, ...]
) -> Lineage:
    """Write what a run begins with: recipe, split and lineage."""
    recipe, folder = job.recipe, job.folder
    lineage = begin_lineage(
        data=data.lineage(printable(job.data.resolve())),
        split=data.split_sizes(),
        seeds=Seeds(training=recipe.seed, split=recipe.split.seed),
        threads=int(recipe.training.threads),
        device=str(choose_device(rank())),
        measured=measured,
        parents=parents,
    )
    if is_first():
        # The recipe first: a run that is killed in between can then be resumed, and begins again.
        save_recipe(folder.recipe, recipe)
        write_split(folder.split, data.split_frame())
        # The recipe may still be completed; the rest is written at the end.
        digests = {folder.split.name: digest_of(folder.split)}
        lineage.with_digests(digests).write(folder.lineage)
    return lineage


def continue_run(folder: RunFolder, begun: Lineage) -> Lineage:
    """The lineage of an interrupted run that goes on: the digests of the results that it replaces are dropped."""
    kept = {name: digest for name, digest in begun.digests.items() if name == folder.split.name}
    lineage = begun.with_digests(kept)
    if is_first():
        lineage.write(folder.lineage)
    return lineage


def began_with(begun: Lineage, folder: RunFolder, data: TrainingData, parents: tuple[Parent, ...]) -> bool:
    """Whether a run began with these photos, this split, and what it learns from besides them."""
    if begun.data.fingerprint != data.photos.fingerprint or begun.data.further != data.extra:
        return False
    if [parent.weights for parent in begun.parents] != [parent.weights for parent in parents]:
        return False
    stored = Run(folder.path).split
    return stored["photo"].to_list() == data.table.photos and stored["side"].to_list() == data.sides


def stored_recipe(folder: RunFolder, given: Recipe) -> Recipe:
    """The recipe that a run began with.

    Raises:
        InputError: when it is broken, or not that of the recipe given.
    """
    stored = load_recipe(str(folder.recipe))
    if stored.name != given.name:
        raise InputError(f"Expected to resume {folder.path} with its recipe {stored.name}, got {given.name}.")
    return stored
