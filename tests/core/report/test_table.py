"""The table of a channel graph and its JSON, letter by letter."""

from __future__ import annotations

import json

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.report.table import as_json, as_text


def test_table(residual):
    graph = channel_structure(residual, ignore=["head"])
    graph.notes.append("proven")
    assert as_text(graph) == TABLE


def test_json(residual):
    graph = channel_structure(residual, ignore=["head"])
    graph.notes.append("proven")
    found = json.loads(json.dumps(as_json(graph)))
    assert found["cost"] == {"macs": {"full": 76092, "least": 5770}, "params": {"full": 643, "least": 58}}
    assert [(x["mid"], x["group"], x["prunable"], x["protected"]) for x in found["layers"]] == [
        (0, 0, 6, []), (1, 1, 4, []), (2, 0, 6, []),
        (3, None, 0, [{"reason": "reaches the network's output", "channels": 5}]),
    ]  # fmt: skip
    assert found["layers"][1]["macs_share"] == pytest.approx(27648 / sum(x["macs"] for x in found["layers"]))
    assert found["groups"] == [
        {
            "id": 0, "mids": [0, 2], "modules": ["stem", "block.conv2"], "units": 6, "first": 0,
            "channels_per_unit": 1, "fixed_channels": 0, "proven": False,
        },
        {
            "id": 1, "mids": [1], "modules": ["block.conv1"], "units": 4, "first": 6,
            "channels_per_unit": 1, "fixed_channels": 0, "proven": False,
        },
    ]  # fmt: skip
    axes = {(x["parameter"], x["axis"]): x["units"] for x in found["axes"]}
    assert axes["block.conv1.weight", 0] == [6, 7, 8, 9]
    assert axes["block.conv1.weight", 1] == axes["stem.weight", 0] == axes["head.weight", 1] == [0, 1, 2, 3, 4, 5]
    assert ("head.weight", 0) not in axes
    assert found["notes"] == ["proven"]


TABLE = """\
mid  module       group  channels  prunable  MACs %  params %  kept because it
-------------------------------------------------------------------------------------------
  0  stem             0         6         6    27.3      26.1
  1  block.conv1      1         4         4    36.3      33.6
  2  block.conv2      0         6         6    36.3      33.6
  3  head             -         5         0     0.1       5.4  reaches the network's output
in no layer above: 1.2% of the parameters (embeddings, positions, norms)
MACs: 76,092, down to 5,770 (7.6%) with one unit left in every group
parameters: 643, down to 58 (9.0%) with one unit left in every group
proven"""


def test_activations_where_they_are_asked_for(residual):
    """Batch 2 of 8 x 8 pixels: 128 positions of 6 + 4 + 6 channels, and 2 x 5 logits."""
    lines = as_text(channel_structure(residual, ignore=["head"]), activations=True).splitlines()
    assert lines[0].split("params %")[1].split("  ")[1] == "activations %"
    assert [line.split()[7] for line in lines[2:6]] == ["37.3", "24.9", "37.3", "0.5"]
    assert lines[-1] == "activations: 2,058, down to 394 (19.1%) with one unit left in every group"
