from __future__ import annotations

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Elementwise
from prunekit.core.report.drawing_graph import outline
from prunekit.core.report.repeated_blocks import fold


@pytest.fixture(scope="session")
def stage():
    def stage(script, x, module, blocks, width, inner):
        """A convolution, and blocks with a shortcut around each."""
        x = script.conv(x, f"{module}.first", width)
        for number in range(blocks):
            y = script.conv(x, f"{module}.blocks.{number}.conv1", inner)
            y = script.conv(y, f"{module}.blocks.{number}.conv2", width)
            script.module = f"{module}.blocks.{number}"
            x = script.op(Elementwise(), "add_", [x, y], script.graph.tensors[x].shape)
        return x

    return stage


@pytest.fixture(scope="session")
def folded():
    """The drawing of a script whose output is a tensor, folded."""

    def folded(script, x):
        graph = channel_structure(script.output(x))
        return fold(graph, *outline(graph))

    return folded
