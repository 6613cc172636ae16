from __future__ import annotations

import json
import math

from prunekit.core.metric import Measured, is_rate, metric_class, shown_value


def test_json_round_trips_are_exact():
    found = Measured(1 / 3, 0.1, None, {"correct": 3}, 9)
    assert Measured.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_value_as_people_read_it():
    assert [shown_value(x) for x in (0.93125, 0.0, 34.25678, math.nan)] == ["93.12%", "0.00%", "34.26", "nan%"]


def test_what_is_a_rate_says_so():
    assert is_rate(metric_class("accuracy", "pytorch")) and not is_rate(dict)
