"""Methods can be called whatever a module keeps under their names."""

from __future__ import annotations

import pytest

from prunekit.core.recording.shadowed_methods import plain_methods

METHODS = frozenset({"parts", "train"})


class Base:
    def __init__(self, *inside):
        self.inside, self.told = inside, None

    def parts(self):
        return self.inside

    def train(self):
        self.told = len(self.parts())
        for part in self.parts():
            part.train()


class OfClass(Base):
    parts = ("a tuple",)


class Overridden(Base):
    def train(self):
        super().train()
        self.told = "here"


def tree():
    held, of_class, own = Base(), OfClass(), Overridden()
    held.train, own.parts = 3, [1, 2]
    return [Base(held, of_class, own), held, of_class, own]


def test_they_are_called_and_everything_is_put_back():
    modules = tree()
    with plain_methods(modules, Base, METHODS):
        modules[0].train()
    assert [module.told for module in modules] == [3, 0, 0, "here"]
    assert modules[1].train == 3 and modules[3].parts == [1, 2] and "parts" not in vars(modules[2])


def test_also_after_an_error():
    modules = tree()
    with pytest.raises(ZeroDivisionError), plain_methods(modules, Base, METHODS):
        raise ZeroDivisionError
    assert modules[1].train == 3 and modules[2].parts == ("a tuple",)
