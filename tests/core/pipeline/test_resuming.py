from __future__ import annotations

import json

from prunekit.core.pipeline.resuming import differences


def test_differences() -> None:
    before = {"pipeline": ["a", "b"], "nas": {"search_algorithm": {"train_episode": 5, "lbound": 0.1, "x": None}}}
    assert differences(before, json.loads(json.dumps(before))) == []
    longer = {**before, "nas": {"search_algorithm": {"train_episode": 6, "lbound": 0.1}}}
    assert differences(before, longer) == []
    other = {"pipeline": ["a"], "nas": {"search_algorithm": {"train_episode": 4, "lbound": 0.1, "new": 1}}}
    assert differences(before, other) == [
        "pipeline: ['a', 'b'] -> ['a']",
        "nas.search_algorithm.train_episode: 5 -> 4",
        "nas.search_algorithm.new: (nothing) -> 1",
    ]
