"""The operations of an ONNX or OpenVINO model: which convolutions come first, and what follows the last one."""

from collections.abc import Iterator, Mapping

from maskwise.export.export_format import FormatModel

_CONVOLUTIONS = ("Conv", "Convolution", "GroupConvolution")


def operations(model: FormatModel) -> Iterator[tuple[str, str, list[str]]]:
    """Name, type and the names of the preceding operations, of each operation in topological order."""
    if hasattr(model, "get_ordered_ops"):  # OpenVINO's
        for operation in model.get_ordered_ops():
            before = [
                value.get_source_output().get_node().get_friendly_name() for value in operation.inputs()
            ]
            yield operation.get_friendly_name(), operation.get_type_name(), before
        return
    producer: Mapping[str, str] = {output: node.name for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        yield node.name, node.op_type, [producer[name] for name in node.input if name in producer]


def first_convolutions(model: FormatModel, depth: int) -> list[str]:
    """Names of the convolutions with at most `depth` convolutions, themselves included, between pixels and output."""
    found, depth_of = list[str](), dict[str, int]()
    for name, kind, sources in operations(model):
        depth_of[name] = max((depth_of.get(source, 0) for source in sources), default=0) + (
            kind in _CONVOLUTIONS
        )
        if kind in _CONVOLUTIONS and depth_of[name] <= depth:
            found.append(name)
    return found


def n_convolutions(model: FormatModel) -> int:
    """The number of convolutions."""
    return sum(kind in _CONVOLUTIONS for _, kind, _ in operations(model))


def operations_after_convolutions(model: FormatModel) -> list[str]:
    """Names of the operations that no convolution follows: pooling, the head, the probabilities."""
    followed, found = set[str](), list[str]()
    for name, kind, sources in reversed(list(operations(model))):
        if kind in _CONVOLUTIONS or name in followed:
            followed.update(sources)
        else:
            found.append(name)
    return found
