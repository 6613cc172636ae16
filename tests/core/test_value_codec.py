"""What comes back is what was given, to the type and the bit; what would not is refused."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from prunekit.core.value_codec import NotStorableError, pack, unpack


@dataclass(frozen=True)
class Place:
    name: str
    inner: Any = None


class Pair(NamedTuple):
    left: Any
    right: Any


KINDS = (Place, Pair)


def back(value: Any) -> Any:
    packed = pack(value, KINDS)
    root, records = json.loads(json.dumps([packed.root, packed.records]))
    return unpack(root, records, packed.arrays, KINDS)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -(2**70), 0.1, 1.0, -0.0, math.inf, "", "ä\n\x00", b"\x00\xff", (), [], {}, set(),
        frozenset({1}), [1, (2, [3.0])], {"a": 1, 2: "b", (1, "x"): None, None: [True]}, ["array", 0], [["dict", []]],
        Place("a", Place("b", (1, 2))), Pair(1, Place("c")), {Place("k"): 1},
    ],
)  # fmt: skip
def test_plain_values_come_back_with_their_types(value: Any) -> None:
    found = back(value)
    assert found == value and repr(found) == repr(value) and type(found) is type(value)


def test_nan_comes_back() -> None:
    assert math.isnan(back(math.nan))


def test_what_stands_twice_is_one_object_still() -> None:
    array, place = np.arange(3), Place("a", np.ones(2))
    first, second, third = back([array, (array,), {"x": array}])
    assert first is second[0] is third["x"]
    one, two = back([place, place])
    assert one is two
    assert len(pack([place, place, place.inner], KINDS).arrays) == 1


def test_a_deeply_shared_value_stays_small() -> None:
    """Without sharing it would have a million parts."""
    value: Any = 1
    for _ in range(20):
        value = Pair(value, value)
    assert len(pack(value, KINDS).records) == 20 and back(value) == value


def test_scalars_of_numpy_are_scalars_again() -> None:
    for scalar in (np.float32(0.1), np.int64(3), np.bool_(True), np.float16("inf"), np.str_("ab")):
        found = back([scalar])[0]
        assert type(found) is type(scalar) and found == scalar


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]), np.ma.masked_array([1]), OrderedDict(a=1), 1j, object(), len, int,
        np.zeros(2, [("a", "f4")]), {"a": [object()]}, type("Count", (int,), {})(3),
    ],
)  # fmt: skip
def test_what_would_not_come_back_as_it_was_is_refused(value: Any) -> None:
    with pytest.raises(NotStorableError):
        pack(value)


def test_a_record_of_another_class_is_refused() -> None:
    with pytest.raises(NotStorableError, match="Place"):
        pack(Place("a"), (Pair,))


@pytest.mark.parametrize(
    ("root", "records"),
    [(["array", 9], []), (["os.system", "x"], []), (["record", 0], []), (["record", 0], [["Place", [1]]]), ([1], [])],
)
def test_what_nobody_packed_is_an_error(root: Any, records: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        unpack(root, records, [], KINDS)
