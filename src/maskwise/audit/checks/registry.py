"""The checks of an audit, in the order in which they run; a new check is one file and one line here."""

from maskwise.audit.checks import (
    blurred_photos,
    conflicting_labels,
    copied_photos,
    duplicate_identity,
    image_properties,
    invalid_labels,
    label_cap,
    name_labels,
    other_data_files,
    persons_in_other_data,
    photo_counts,
    photos_in_other_data,
    placeholder_pictures,
    repeated_files,
    repeated_ids,
    split_overlap,
    unlisted_files,
    unusable_files,
    wrong_person_labels,
    wrong_photo_labels,
)
from maskwise.audit.checks.check import Check

CHECKS: tuple[Check, ...] = (
    unusable_files.CHECK,
    name_labels.CHECK,
    repeated_ids.CHECK,
    unlisted_files.CHECK,
    photo_counts.CHECK,
    image_properties.CHECK,
    label_cap.CHECK,
    invalid_labels.CHECK,
    blurred_photos.CHECK,
    placeholder_pictures.CHECK,
    repeated_files.CHECK,
    split_overlap.CHECK,
    other_data_files.CHECK,
    photos_in_other_data.CHECK,
    persons_in_other_data.CHECK,
    copied_photos.CHECK,
    conflicting_labels.CHECK,
    wrong_photo_labels.CHECK,
    wrong_person_labels.CHECK,
    duplicate_identity.CHECK,
)
"""Findings that are equally bad are reported in this order."""
