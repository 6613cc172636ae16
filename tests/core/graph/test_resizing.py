"""The forward of a smaller network, held against one that was written down at that size."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.flow import follow
from prunekit.core.graph.resizing import Resizer


def stage(script, channels):
    x = script.conv(script.input(1, 3, 4, 4), "stem", channels)
    return script.output(script.linear(script.mean(script.shuffles(x, 3)), "head", 5))


@pytest.fixture
def resizer(script):
    """All channels but those of the input and the outputs can go."""
    flow = follow(stage(script, 28), dealt=range(1000))
    owner = np.zeros(flow.labels.size, dtype=np.int64)
    for name, axis in (("stem.weight", 1), ("head.weight", 0), ("head.bias", 0)):
        owner[flow.parameters[name][axis]] = -1
    return Resizer(flow, owner)


@pytest.mark.parametrize("step", range(2, 15))
def test_a_smaller_forward_is_what_would_be_recorded(resizer, script, step):
    assert resizer.full == [14]
    found, wanted = resizer.graph([step]), stage(type(script)(), 2 * step)
    assert [tensor.shape for tensor in found.tensors] == [tensor.shape for tensor in wanted.tensors]
    assert found.operators == [operator for k, operator in enumerate(wanted.operators) if k in resizer.operators]


def test_axes_of_one_position_are_not_told_apart(resizer):
    with pytest.raises(ValueError, match="would be of size 1"):
        resizer.graph([1])
