"""Square roots of sizes, and roots of those."""

from __future__ import annotations

import math

from prunekit.core.graph.tracked_sizes import Extent, SymInt, Uses
from prunekit.core.recording.seen_math import seen_roots

CHANNELS = Extent(10, 7, 1)


def test_roots_are_powers_of_the_size():
    uses, imported, plain = Uses(), {"sqrt": math.sqrt}, math.sqrt
    with seen_roots([imported], uses):
        for sqrt in (math.sqrt, imported["sqrt"]):
            root = sqrt(SymInt(10, CHANNELS, uses))
            twice = sqrt(root)
            assert root == plain(10) and uses.power(root) == (CHANNELS, 0.5)
            assert twice == plain(root) and uses.power(twice) == (CHANNELS, 0.25)
            assert uses.power(1 / twice) == (CHANNELS, -0.25)
        assert sqrt(3.25) == plain(3.25) and uses.power(sqrt(3.25)) is None
    assert math.sqrt is plain and imported == {"sqrt": plain}
