"""What must be found in the networks of ``pytorch/nets_*.py`` and of their twins in ``mindspore/nets_*.py``.

One list for all frameworks: the same structure has the same groups whatever runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

GOLDEN: dict[str, Golden] = {}


@dataclass(frozen=True)
class Golden:
    """What must be found in a network.

    Attributes:
        shape: Of its input without the batch: one, a tuple of several, or a dict by name.
        groups: (id, mids, size, fixed, per_unit) of every group.
        reasons: For modules that keep channels why.
        whole_parts: Where whole parts go.
    """

    shape: Any
    groups: list[tuple[int, tuple[int, ...], int, int, int]]
    reasons: dict[str, str] = field(default_factory=dict)
    whole_parts: tuple[str, ...] = ()


def golden(
    name: str, shape: Any, groups: list[Any], *, reasons: dict[str, str] | None = None, whole_parts: Sequence[str] = ()
) -> None:
    """Add a network; of a group, ``fixed`` is 0 and ``per_unit`` 1 unless given."""
    full = [(g[0], g[1], g[2], *g[3:], *(0, 1)[len(g) - 3 :]) for g in groups]
    GOLDEN[name] = Golden(shape, full, reasons or {}, tuple(whole_parts))


# nets_of_attention.py

golden("TimmFused", (6, 5), [(0, (0, 2), 12), (1, (1,), 4, 0, 9)])
golden("TimmWholeHeads", (6, 5), [(0, (0, 2), 12), (1, (1,), 3, 0, 12)], whole_parts=["block"])
golden("TimmExplicitScale", (6, 5), [(0, (0, 2), 12), (1, (1,), 4, 0, 9)])
golden("TimmNormedHeads", (6, 5), [(0, (0, 2), 12), (1, (1,), 4, 0, 9)])
golden("TimmNormedWholeHeads", (6, 5), [(0, (0, 2), 12), (1, (1,), 3, 0, 12)], whole_parts=["*block*"])
golden("SeparateProjections", (6, 5), [(0, (0, 4), 12), (1, (1, 2), 4, 0, 3), (3, (3,), 4, 0, 3)])
golden("LiteralWidth", (6, 5), [(0, (0, 2), 12), (1, (1,), 3, 0, 12)])
golden(
    "LiteralHeads",
    (6, 5),
    [(0, (0, 2), 12)],
    reasons={"qkv": "view in the network has its sizes in the network's code"},
)
golden("GroupedQueries", (6, 5), [(0, (0, 4), 12), (1, (1, 2, 3), 3, 0, 4)])
golden("SharedKeys", (6, 5), [(0, (0, 4), 12), (1, (1, 2), 6, 0, 2), (3, (3,), 6)])
golden("QueriesReadTwice", (6, 5), [(0, (0, 3), 12), (1, (1,), 4, 0, 9)])
golden("Einsum", (6, 5), [(0, (0, 4), 12), (1, (1, 2), 4, 0, 3), (3, (3,), 4, 0, 3)])
golden("MultiheadAttentionWeights", (6, 5), [(0, (0, 1, 2), 6, 0, 2)])
golden("MultiheadAttention", (6, 5), [(0, (0, 1, 2), 4, 0, 3)])
golden("MultiheadAttentionWholeHeads", (6, 5), [(0, (0, 1, 2), 3, 0, 4)], whole_parts=["attention"])
golden("EncoderLayer", (6, 5), [(0, (0, 1, 2, 4), 4, 0, 3), (3, (3,), 16)])
golden("RotaryHalves", (6, 5), [(0, (0, 2), 8), (1, (1,), 4, 0, 12)])
golden("RotaryPairs", (6, 5), [(0, (0, 2), 8), (1, (1,), 4, 0, 12)])
golden("VisionTransformer", (3, 8, 8), [(0, (0, 2, 4), 12), (1, (1,), 4, 0, 9), (3, (3,), 24)])

# nets_of_gates.py

golden("SwiGluByChunk", (6, 5), [(0, (0, 2), 12), (1, (1,), 8, 0, 2)])
golden("SwiGluBySplit", (6, 5), [(0, (0, 2), 12), (1, (1,), 8, 0, 2)])
golden("SwiGluBySize", (6, 5), [(0, (0, 2), 12), (1, (1,), 8, 0, 2)])
golden("SwiGluApart", (6, 5), [(0, (0, 3), 12), (1, (1, 2), 8)])
golden(
    "SpatialGating",
    (6, 5),
    [(0, (0, 3), 12), (1, (1,), 4, 0, 2)],
    reasons={"tokens": "mul in the network meets a fixed size"},
)
golden(
    "Mixer",
    (3, 8, 8),
    [(0, (0, 4), 12), (1, (1,), 10), (3, (3,), 20)],
    reasons={"back": "add in the network meets a fixed size"},
)
golden("EfficientChannelAttention", (3, 8, 8), [(0, (0,), 12)], reasons={"b.0": "convolution in slide slides along it"})
golden("SplitAttention", (3, 8, 8), [(0, (0,), 4, 0, 2), (1, (1, 3), 4, 0, 2), (2, (2,), 4)])
golden("SelectiveKernel", (3, 8, 8), [(0, (0,), 8), (1, (1, 2, 4, 5), 6), (3, (3,), 4)])
golden("StochasticDepth", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 6)])
golden("Lstm", (6, 5), [(0, (0,), 8), (1, (1, 2), 6, 0, 4), (3, (3,), 10)])
golden("Gru", (6, 5), [(0, (0,), 8), (1, (1, 2), 6, 0, 3), (3, (3,), 10)])
golden("LstmBothWays", (6, 5), [(0, (0,), 8), (1, tuple(range(1, 9)), 6, 0, 4), (9, (9,), 10)])

# nets_of_layers.py

golden("Depthwise", (3, 8, 8), [(0, (0, 1), 10), (2, (2,), 6)])
golden("DepthwiseMultiplier", (3, 8, 8), [(0, (0, 1), 5)])
golden("Grouped", (3, 8, 8), [(0, (0,), 3, 0, 4), (1, (1,), 4, 0, 4), (2, (2,), 6)])
golden("Transposed", (3, 4, 4), [(0, (0,), 6), (1, (1,), 8)])
golden("TransposedDepthwise", (3, 4, 4), [(0, (0, 1), 6)])
golden("TransposedMultiplier", (3, 4, 4), [(0, (0, 1), 6)])
golden("TransposedGrouped", (3, 4, 4), [(0, (0,), 4, 0, 2), (1, (1,), 3, 0, 2)])
golden("Conv1d", (4, 20), [(0, (0, 1), 8), (2, (2,), 6)])
golden("Conv3d", (2, 4, 6, 6), [(0, (0,), 8), (1, (1,), 6)])
golden("SqueezeExcite", (3, 8, 8), [(0, (0, 2), 12), (1, (1,), 4)])
golden("Prelu", (3, 8, 8), [(0, (0,), 9), (1, (1,), 7)])
golden("Padded", (3, 8, 8), [(0, (0,), 6), (1, (1,), 7)])
golden("PaddedChannels", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
golden("InstanceNorm", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("GroupNorm", (3, 8, 8), [(0, (0,), 3, 0, 4), (1, (1,), 6)])
golden("BatchNorm1d", (12,), [(0, (0,), 10), (1, (1,), 8)])
golden("ConvNext", (3, 8, 8), [(0, (0, 1, 3), 8), (2, (2,), 16)])
golden("PlainLayerNorm", (6, 12), [(0, (0, 2), 8), (1, (1,), 16)])
golden("OnlyOutput", (12,), [])
golden("NoParameters", (12,), [])
golden("CustomFunction", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("Opaque", (3, 8, 8), [(0, (0,), 8)])
golden("Embedded", (16, 4, 4), [(0, (0,), 6)])
golden("Normalized", (3, 8, 8), [(0, (0,), 8)])
golden("EveryOther", (3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 5)])
golden("NewTensor", (3, 8, 8), [(0, (0, 1), 7)])
golden("Views", (3, 8, 8), [(0, (0,), 7), (1, (1,), 5)])
golden("Tokens", (6,), [(0, (0,), 6), (1, (1,), 8)])

# nets_of_norms.py

golden("NormLayer2d", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormByHand", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormOneGroup", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormGroups", (3, 8, 8), [(0, (0,), 3, 0, 4), (1, (1,), 6)])
golden("NormWholeGroups", (3, 8, 8), [(0, (0,), 4, 0, 3), (1, (1,), 6)], whole_parts=["norm"])
golden("NormEachChannel", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormInstancePlain", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormInstanceTracked", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormBatchPlain", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("NormLocalResponse", (3, 8, 8), [(1, (1,), 6)], reasons={"a": "avg_pool3d in norm mixes positions along it"})
golden("NormRms", (6, 5), [(0, (0,), 12), (1, (1,), 8)])
golden("NormOverTwoAxes", (4, 6, 5), [(0, (0,), 4, 0, 3)])
golden("GlobalResponse", (3, 8, 8), [(0, (0, 1, 3), 8), (2, (2,), 16)])
golden("LayerScale", (6, 5), [(0, (0, 2), 12), (1, (1,), 8)])
golden("StandardizedByBatchNorm", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("StandardizedByHand", (3, 8, 8), [(0, (0, 1), 8), (2, (2,), 6)])
golden("WeightNormed", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])

# nets_of_sizes.py

golden("Res2Net", (3, 8, 8), [(0, (0, 1), 3, 0, 4), (2, (2,), 3), (3, (3,), 6)])
golden("Ghost", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
golden("GhostCut", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
golden("BlurPool", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
golden("BlurPoolRepeated", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
golden("Asserted", (3, 8, 8), [(0, (0,), 12), (1, (1,), 6)])
golden("ZerosBeside", (3, 8, 8), [(0, (0, 1), 8), (2, (2,), 6)])
golden("ZerosForChannels", (3, 8, 8), [(0, (0, 1), 6), (2, (2,), 4)])
golden("Repeated", (3, 8, 8), [(0, (0,), 6), (1, (1,), 5)])
golden("RolledChannels", (3, 8, 8), [(1, (1,), 5)], reasons={"a.0": "roll in the network mixes positions along it"})
golden(
    "IndexedChannels", (3, 8, 8), [(1, (1,), 5)], reasons={"a.0": "index in the network looks up fixed places of it"}
)
golden("IndexedPlaces", (3, 8, 8), [(0, (0,), 6), (1, (1,), 5)])
golden("Columns", (3, 8, 8), [(0, (0,), 6), (1, (1,), 4, 0, 9)])
golden("Pyramid", (3, 8, 8), [(0, (0,), 6), (1, (1, 2), 8), (3, (3,), 5)])
golden(
    "SizeInView", (3, 8, 8), [(0, (0,), 6)], reasons={"b.0": "view in the network has its size 6 in the network's code"}
)
golden("AttributeInView", (3, 8, 8), [(0, (0,), 6), (1, (1,), 6)])
golden(
    "SizeInSplit",
    (3, 8, 8),
    [(0, (0,), 8)],
    reasons={"b.0": "split_with_sizes in the network has its size 3 in the network's code"},
)
golden("AttributesInSplit", (3, 8, 8), [(0, (0,), 8), (1, (1,), 5, 2), (2, (2,), 5)])
golden("SizeOfAnother", (3, 8, 8), [(0, (0, 1), 4, 0, 2), (2, (2,), 6)])

# nets_of_windows.py

golden("SwinFromShape", (3, 8, 8), [(0, (0, 1, 2), 4, 0, 3)])
golden("SwinFromShapeWholeHeads", (3, 8, 8), [(0, (0, 1, 2), 3, 0, 4)], whole_parts=["block"])
golden("SwinWithout", (3, 8, 8), [(0, (0, 2), 12), (1, (1,), 4, 0, 9)])
golden("SwinWithoutWholeHeads", (3, 8, 8), [(0, (0, 2), 12), (1, (1,), 3, 0, 12)], whole_parts=["block"])
golden("Cosine", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 4, 0, 6)])
golden("ChannelAttention", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 4, 0, 6)])
golden("ChannelAttentionWholeHeads", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 2, 0, 12)], whole_parts=["#0"])
golden("Spatial", (3, 8, 8), [(0, (0, 3), 8), (1, (1,), 4, 0, 2), (2, (2,), 4, 0, 2)])
golden("Patches", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 4, 0, 6)])

# nets_that_move_channels.py

golden("ChunkMultiplied", (3, 8, 8), [(0, (0,), 6, 0, 2)])
golden("ChunkApart", (3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 8), (2, (2,), 10)])
golden("SplitEqual", (3, 8, 8), [(0, (0,), 4, 0, 3), (1, (1,), 4)])
golden("HalvesBySlices", (3, 8, 8), [(0, (0,), 6, 0, 2)])
golden(
    "SlicesInCode",
    (3, 8, 8),
    [(0, (0,), 7, 5), (1, (1,), 6)],
    reasons={"stem.0": "slice in the network has its size 5 in the network's code"},
)
golden("SlicesByAttribute", (3, 8, 8), [(0, (0,), 10, 2), (1, (1,), 6)])
golden(
    "HalvesInCode",
    (3, 8, 8),
    [(0, (0,), 6, 6)],
    reasons={"stem.0": "slice in the network has its size 6 in the network's code"},
)
golden("HalvesByAttribute", (3, 8, 8), [(0, (0,), 10, 2)])
golden("SliceFollows", (3, 8, 8), [(0, (0,), 12), (1, (1,), 8)])
golden("Glu", (3, 8, 8), [(0, (0,), 6, 0, 2)])
golden("Unbind", (12,), [(0, (0,), 5, 0, 2)])
golden("Dense", (3, 8, 8), [(0, (0,), 8), (1, (1,), 4), (2, (2,), 4), (3, (3,), 4)])
golden("Sppf", (3, 8, 8), [(0, (0,), 6), (1, (1,), 9)])
golden("ConcatAdd", (3, 8, 8), [(0, (0, 1, 2), 10, 2)])
golden("ConcatInput", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("Stacked", (3, 8, 8), [(0, (0, 1), 8)])
golden("ShuffleByView", (3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 10)])
golden("ShuffleByModule", (3, 8, 8), [(0, (0,), 4, 0, 3), (1, (1,), 10)])
golden("ShuffleUnit", (3, 8, 8), [(0, (0, 3), 6, 0, 2), (1, (1, 2), 6)])
golden(
    "ShuffleStage",
    (3, 8, 8),
    [(0, (0, 3, 6, 9, 12), 84), (1, (1, 2), 6), (4, (4, 5), 6), (7, (7, 8), 6), (10, (10, 11), 6)],
)
golden("DealtStage", (3, 8, 8), [(0, (0, 1, 2), 56), (3, (3,), 14)])
golden("ShuffledGroups", (3, 8, 8), [(0, (0, 3), 8, 0, 3), (1, (1, 2), 7, 0, 3)])
golden("PixelShuffle", (3, 4, 4), [(0, (0,), 3, 0, 4), (1, (1,), 6)])
golden("PixelUnshuffle", (3, 8, 8), [(0, (0,), 5), (1, (1,), 6)])
golden("Flatten", (3, 7, 7), [(0, (0,), 6), (1, (1,), 8)])
golden("FlattenChannelsLast", (3, 4, 4), [(0, (0,), 6), (1, (1,), 8)])
golden("Generator", (10,), [(0, (0,), 6, 0, 49), (1, (1,), 5)])
golden("RowsInView", (3, 8, 8), [(0, (0,), 4, 0, 2), (1, (1,), 5)])

# nets_that_share.py

golden("CalledTwice", (3, 8, 8), [(0, (0, 1), 8)])
golden("Tied", (3, 8, 8), [(0, (0, 1), 8)])
golden("TupleInput", ((3, 8, 8), (4, 8, 8)), [(0, (0, 1), 8), (2, (2,), 6)])
golden("DictInputOutput", {"image": (3, 8, 8), "scale": (1, 1, 1)}, [(0, (0,), 8)])
golden("InPlace", (3, 8, 8), [(0, (0, 2), 8), (1, (1,), 8), (3, (3,), 6)])
golden("SliceAssignment", (3, 8, 8), [(0, (0, 1), 4, 4)])
golden("SliceAssignmentFollows", (3, 8, 8), [(0, (0, 1), 7, 1)])
golden("ViewWritten", (3, 8, 8), [(0, (0,), 8)])
golden("LikeTensors", (3, 8, 8), [(0, (0, 1), 8)])
golden("AttentionCalledTwice", (6, 5), [(0, (0, 2), 12), (1, (1,), 4, 0, 9)])
golden("AttentionTied", (6, 5), [(0, (0, 2, 3), 12), (1, (1,), 4, 0, 9)])
golden("TiedTable", (6,), [(0, (0,), 6), (1, (1,), 8)])
golden("LooseParameters", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("PlainTensors", (3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
golden("ListOutput", (3, 8, 8), [(0, (0,), 8), (2, (2,), 6), (4, (4,), 4)])
golden("Features", (3, 8, 8), [(1, (1,), 6)], reasons={"a.0": "reaches the network's output"})
golden(
    "CrossAttention",
    {"image": (3, 8, 8), "tokens": (6, 5)},
    [(0, (0, 5), 12), (1, (1,), 12), (2, (2, 3), 4, 0, 3), (4, (4,), 4, 0, 3)],
)
