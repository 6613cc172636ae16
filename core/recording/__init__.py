"""What the front ends of all frameworks share: from what a framework dispatched to the neutral operator graph."""

from prunekit.core.recording.asked import Asked, Asking, from_end, origins_of
from prunekit.core.recording.call import Call, Rule, axes_of, axis_of
from prunekit.core.recording.recorder import Recorder

__all__ = ["Asked", "Asking", "Call", "Recorder", "Rule", "axes_of", "axis_of", "from_end", "origins_of"]
