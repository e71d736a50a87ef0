"""YAML read with its source: each scalar keeps how it was written, each place its line.

YAML turns `no` into false, `1e3` (in some libraries) into a number and `2021-01-01` into a date. What is to be a
name has to be compared with what stands in the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from maskwise.errors import InputError, in_short

Place = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_NODES = 100_000


@dataclass(frozen=True)
class Scalar:
    """An unquoted scalar that YAML takes for something else than text, as written and as parsed."""

    source: str
    parsed: object

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True)
class YamlSource:
    """The content of a YAML file, and the line of each of its places."""

    content: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest one around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return None


def read_yaml_source(path: Path) -> YamlSource:
    """Read a YAML file of mappings, lists and scalars.

    Raises:
        InputError: when the file is missing, larger than a megabyte or no YAML, or a key is repeated.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except OSError as error:
        raise InputError(f"Expected {path} to be a readable file, got: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"Expected {path} to have at most 1 MB, got {len(data) / 1e6:.0f} MB.")
    return parse_yaml_source(data, str(path))


def parse_yaml_source(data: bytes | str, origin: str) -> YamlSource:
    """Parse YAML; `origin` is what messages call it.

    Raises:
        InputError: when it is no YAML, has several documents, or a key is repeated.
    """
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(data)
        node = loader.get_single_node()
        reader = _Reader(loader, origin)
        return YamlSource(None if node is None else reader.value(node, ()), reader.lines)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(
            f"{origin}{line}: expected YAML, got: {error.problem or in_short(error)}."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{origin}: expected YAML in UTF-8, got: {in_short(error)}.") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Reader:
    """Builds plain data from nodes and remembers their lines."""

    def __init__(self, loader: yaml.SafeLoader, origin: str) -> None:
        self.loader = loader
        self.origin = origin
        self.lines: dict[Place, int] = {}
        self.n_nodes = 0

    def value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - whatever a file holds
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:  # references to references grow without end
            raise InputError(f"{self.origin}: expected at most {MAX_NODES:,} entries, got more.")
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in content:
                raise InputError(
                    f"{self.origin}, line {key_node.start_mark.line + 1}: expected each key once, got {key!r} again."
                )
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            content[key] = self.value(value_node, (*place, key))
        return content

    def _key(self, node: yaml.Node) -> str:
        line = f"{self.origin}, line {node.start_mark.line + 1}"
        if not isinstance(node, yaml.ScalarNode):
            raise InputError(f"{line}: expected a key to be text, got a list or a mapping.")
        key = self._scalar(node)
        if isinstance(key, Scalar):
            if is_plain_whole(key):
                return key.source
            raise InputError(f"{line}: expected a key to be text, got {trap(key)}.")
        return str(key)

    def _scalar(self, node: yaml.Node) -> str | Scalar:
        source = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None:
            return source
        try:
            parsed = self.loader.construct_object(node, deep=True)
        except ValueError:  # such as 2021-13-40, which looks like a date
            return source
        if not isinstance(parsed, str):
            return Scalar(source, parsed)
        number = _number(source)  # 1e3 is text to PyYAML and a number to YAML 1.2
        return source if number is None else Scalar(source, number)


def _number(source: str) -> float | None:
    if not source[:1].isascii() or not source.strip("+-.")[:1].isdigit():
        return None
    try:
        return float(source)
    except ValueError:
        return None


def is_plain_whole(scalar: Scalar) -> bool:
    """Whether a scalar is a whole number written in the one usual way, so that its text is plain: 7, but not 007."""
    return type(scalar.parsed) is int and str(scalar.parsed) == scalar.source


def trap(scalar: Scalar) -> str:
    """What YAML makes of a scalar, and what to write instead."""
    if scalar.parsed is None:
        shown = scalar.source or "nothing"
        return f"{shown}, which YAML reads as null: write it in quotes"
    kind = {
        bool: str(scalar.parsed).lower(),
        int: f"the number {scalar.parsed}",
        float: f"the number {scalar.parsed:g}",
    }
    read = kind.get(type(scalar.parsed), f"a {type(scalar.parsed).__name__}")
    return f'{scalar.source}, which YAML reads as {read}: write "{scalar.source}" in quotes'
