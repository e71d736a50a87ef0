"""Export in 8-bit integers: the first quantization method whose file is close enough to the run."""

from maskwise.errors import InputError
from maskwise.export.calibration import calibration_photos
from maskwise.export.compare_with_run import (
    MAX_LOSS,
    MIN_SAME_CLASS,
    describe_check,
    is_int8_good_enough,
)
from maskwise.export.export_format import FormatModel
from maskwise.export.graph import input_names
from maskwise.export.quantization import METHODS, quantize
from maskwise.export.write_checked import Target, write_checked
from maskwise.inference.exported import Check
from maskwise.reporter import Reporter


def write_int8(model: FormatModel, target: Target, reporter: Reporter) -> Check:
    """Write the first quantized file that is good enough.

    Args:
        model: in single precision, in the target's format.
        target: what is written where.
        reporter: receives a message before and after each method.

    Raises:
        InputError: with the best figures, when no method is good enough, or no photo can be read to calibrate on.
    """
    transforms = target.card.transforms
    names, calibration = input_names(transforms), calibration_photos(target.photos.training, transforms)
    tried = list[Check]()
    for method in METHODS:
        if not method.quantizes_anything(model):
            break
        reporter.message(f"quantizing on {len(calibration)} training photos, {method.describe()} ...")
        quantized = quantize(model, calibration, names, method)
        check = write_checked(quantized, target, method.describe())
        if is_int8_good_enough(check):
            return check
        reporter.message(describe_check(check))
        tried.append(check)
    closest = max(tried, key=lambda check: check.same_class)
    raise InputError(
        f"Expected int8 to give the same class on {MIN_SAME_CLASS:.0%} of the photos and to cost at most {MAX_LOSS:g} "
        f"macro F1 at the lower end of its interval, got at best {describe_check(closest)}: it is not written. Export "
        "in single precision instead.",
        setting="int8",
    )
