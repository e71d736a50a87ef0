"""A JSON file of a run as a pydantic model: a schema version, atomic writing, one line for a file that is wrong."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from maskwise.errors import InputError
from maskwise.files import read_json, write_json


class Part(BaseModel):
    """A part of such a file; keys that this version does not know are kept, as other versions have others."""

    model_config = ConfigDict(extra="allow", frozen=True)


class StoredModel(Part):
    """The whole file. Only fields that were set are written: a key that is absent stays absent."""

    SCHEMA: ClassVar[int] = 1

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            InputError: when it is missing, broken, or written by a newer version.
        """
        content = read_json(path)
        version = content.pop("schema", 1)
        if not isinstance(version, int) or version > cls.SCHEMA:
            raise InputError(
                f"Expected {path} to have schema {cls.SCHEMA} or older, got {version!r}: a newer maskwise has written "
                "it; upgrade maskwise to open it."
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"Expected {path} to have {key or 'its content'} as maskwise writes it, got: {first['msg']}."
            ) from error

    def to_json(self) -> dict[str, Any]:
        """The content of the file."""
        return {"schema": self.SCHEMA, **self.model_dump(mode="json", exclude_unset=True)}

    def write(self, path: Path) -> None:
        """Write the file atomically.

        Raises:
            MaskwiseError: when the disk is full or the folder can't be written.
        """
        write_json(path, self.to_json())
