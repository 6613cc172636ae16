"""The channel graph: one real forward, followed channel by channel, says what is coupled with what."""

from prunekit.core.graph.build import channel_structure
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator, OperatorGraph, Tensor
from prunekit.core.graph.structure import Axis, ChannelStructure, Group, Layer, Reader, Work

__all__ = [
    "Axis",
    "ChannelStructure",
    "Group",
    "Kind",
    "Layer",
    "Operator",
    "OperatorGraph",
    "Reader",
    "Tensor",
    "Work",
    "channel_structure",
]
