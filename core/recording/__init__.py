"""What the front ends of all frameworks share: from what a framework dispatched to the neutral operator graph."""

from prunekit.core.recording.api_call import ApiCall, ApiCallTracker, from_end, origins_of
from prunekit.core.recording.call import Call, Rule, axes_of, axis_of
from prunekit.core.recording.code_literals import origin_of
from prunekit.core.recording.graph_writer import GraphWriter
from prunekit.core.recording.recorder import Recorder

__all__ = [
    "ApiCall",
    "ApiCallTracker",
    "Call",
    "GraphWriter",
    "Recorder",
    "Rule",
    "axes_of",
    "axis_of",
    "from_end",
    "origin_of",
    "origins_of",
]
