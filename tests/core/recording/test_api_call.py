"""Sizes are found however the code passes them."""

from __future__ import annotations

import pytest

from prunekit.core.recording.api_call import ApiCall


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (ApiCall("zeros", (3, 4)), [3, 4]),
        (ApiCall("zeros", ((3, 4),)), [3, 4]),
        (ApiCall("zeros", (), {"size": [3, 4]}), [3, 4]),
        (ApiCall("arange", (), {"end": 7}), [7]),
        (ApiCall("eye", (), {"n": 7, "m": 2}), [7]),
        (ApiCall("zeros", (5,)), [5]),
        (ApiCall("zeros"), []),
    ],
)
def test_sizes(call, found):
    assert call.sizes(0, "size", "end", "n") == found
