"""Holds what a checkpoint of MindSpore says of its arrays against what is there, before room is made for them."""

from __future__ import annotations

import math
from pathlib import Path

from mindspore.train.checkpoint_pb2 import Checkpoint

from prunekit.core.weights import WeightsError
from prunekit.core.weights.name_matching import some

_BYTES = {
    "Int8": 1, "UInt8": 1, "Bool": 1, "Int16": 2, "UInt16": 2, "Float16": 2, "BFloat16": 2, "Int32": 4, "UInt32": 4,
    "Float32": 4, "Int64": 8, "UInt64": 8, "Float64": 8,
}  # fmt: skip
_NO_NUMBERS = ("str", "Int4")  # a text; two numbers in a byte


def check_headers(path: Path) -> None:
    """Refuse a checkpoint in which an array is not as long as its shape, or holds what MindSpore does not know.

    Raises:
        WeightsError: It is such a one.
        ValueError: It is no checkpoint.
    """
    content = Checkpoint()
    try:
        content.ParseFromString(path.read_bytes())
    except Exception as problem:  # an error of protobuf's own, which is not imported for its name
        raise ValueError("no checkpoint") from problem
    lengths: dict[str, int] = {}
    for each in content.value:  # a long array is in several pieces of one name, each with the shape of the whole
        lengths[each.tag] = lengths.get(each.tag, 0) + len(each.tensor.tensor_content)
    for each in content.value:
        kind, shape = each.tensor.tensor_type, list(each.tensor.dims)
        if not each.HasField("tensor") or kind in _NO_NUMBERS:
            continue
        where = f"{path} cannot be read as weights: {some([each.tag])}"
        if kind not in _BYTES:
            raise WeightsError(f"{where} has numbers of type {kind!r}")
        claimed = _BYTES[kind] * math.prod(shape if shape != [0] else [])
        if claimed != lengths[each.tag]:
            raise WeightsError(
                f"{where} is broken, its header speaks of {claimed} bytes and there are {lengths[each.tag]}"
            )
