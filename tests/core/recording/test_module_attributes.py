"""Numbers that modules hold, while a network is recorded and afterwards."""

from __future__ import annotations

import copy
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_sizes import Attribute, Extent, Field, Uses
from prunekit.core.recording.module_attributes import known_attributes, seen_functions


class Base:
    version = 2

    def __init__(self):
        self.training, self._hooks = False, {}


class Net(Base):
    width = 16
    table = {"deep": [1, 16]}  # noqa: RUF012
    flag = True

    def __init__(self, config):
        super().__init__()
        self.config, self.heads, self.eps, self.one = config, 4, 0.25, 1
        self.sizes, self.strides, self._hidden = (3, 16), [8, 16], 12
        self.cut = partial(max, key=16)


@pytest.fixture
def config():
    return SimpleNamespace(dim=16, inner={"a": [32]})


@pytest.fixture
def modules(config):
    return {"": Net(config), "block": Net(config)}


@pytest.fixture
def uses():
    return Uses()


def path_of(size):
    origin = origin_of(size)
    return origin.module, origin.path


def test_every_number_knows_its_place(modules, uses):
    net, block = modules.values()
    with known_attributes(modules, uses, Base):
        assert path_of(net.heads) == ("", ("heads",)) and path_of(block.heads) == ("block", ("heads",))
        assert path_of(net.sizes[1]) == ("", ("sizes", 1)) and path_of(net.strides[0]) == ("", ("strides", 0))
        assert path_of(net._hidden) == ("", ("_hidden",)) and path_of(net.cut.keywords["key"]) == ("", ("cut", "key"))
        assert path_of(block.width) == ("block", ("width",))
        assert path_of(block.table["deep"][1]) == ("block", ("table", "deep", 1))
        assert type(net.one) is int and net.flag is True and type(net.version) is int and type(net.training) is bool
        assert net.config.inner["a"][0] == 32 and type(Net.width) is int and type(Net.table["deep"][1]) is int
    assert set(uses.held.values()) == {0.25}


def test_what_modules_share_is_one_number(modules, uses):
    net, block = modules.values()
    with known_attributes(modules, uses, Base):
        assert block.config is net.config
        assert origin_of(block.config.dim) == Attribute(16, "", ("config", Field("dim")))
        assert path_of(block.config.inner["a"][0]) == ("", ("config", Field("inner"), "a", 0))


def snapshot(value):
    if isinstance(value, (Base, SimpleNamespace)):
        return type(value), snapshot(vars(value))
    if isinstance(value, dict):
        return {key: snapshot(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [snapshot(part) for part in value]
    return (type(value), value.args, value.keywords) if isinstance(value, partial) else (type(value), value)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(modules, config, uses, fails):
    before = snapshot([*modules.values(), config]), snapshot(copy.copy(dict(vars(Net)["table"])))
    identities = [id(modules[""].strides), id(config.inner), id(modules[""].cut)]
    try:
        with known_attributes(modules, uses, Base):
            if fails:
                raise RuntimeError
    except RuntimeError:
        assert fails
    assert (snapshot([*modules.values(), config]), snapshot(dict(vars(Net)["table"]))) == before
    assert [id(modules[""].strides), id(config.inner), id(modules[""].cut)] == identities


def test_what_the_forward_stores_is_plain(modules, config, uses):
    net, size = modules[""], SymInt(5, Extent(5, 0, 1), uses)
    with known_attributes(modules, uses, Base):
        net.last, net.kept, net.half = size, {"a": [(size, 2)]}, size / 2
        config.seen, net.width, net.heads = (size,), size, net.config.dim
        net.strides.append(size)
    assert snapshot([net.last, net.kept, net.half, config.seen, net.strides]) == snapshot(
        [5, {"a": [(5, 2)]}, 2.5, (5,), [8, 16, 5]]
    )
    assert type(net.width) is int and net.width == 5 and type(net.heads) is int and net.heads == 16
    assert type(Net.width) is int and Net.width == 16


def test_functions_that_modules_hold_are_exchanged(modules, uses):
    net = modules[""]
    net.f, net.nested = min, {"f": [min, max]}
    with seen_functions(modules, uses, Base, {id(min): sum, id(max): len}):
        assert net.f is sum and net.nested["f"] == [sum, len] and net.cut.func is len
    assert net.f is min and net.nested["f"] == [min, max] and net.cut.func is max


def test_arrays_that_know_sizes_are_plain_afterwards(modules, uses):
    from prunekit.core.recording.seen_numpy import seen_arrays

    with known_attributes(modules, uses, Base), seen_arrays([]):
        modules[""].mask = np.ones((SymInt(5, Extent(5, 0, 1), uses),))
    assert type(modules[""].mask) is np.ndarray
