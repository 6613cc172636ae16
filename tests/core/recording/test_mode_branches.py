"""Code is read for branches on the mode."""

from __future__ import annotations

import pytest

from prunekit.core.recording.mode_branches import branches_on_training, mode_asked


class Base:
    training = True

    def known(self):
        return 1 if self.training else 2


Base.__module__ = "framework.nn"


class Branches(Base):
    def forward(self, x):
        return (x, x) if self.training else x


class Negated(Base):
    def forward(self, x):
        if not self.training and x:
            return x
        return x, x


class Combined(Base):
    def forward(self, x):
        wanted = self.training and x
        return wanted


class InAnotherMethod(Base):
    def heads(self, x):
        while self.training:
            return x

    def forward(self, x):
        return self.heads(x)


class Inherits(Branches):
    def forward(self, x):
        return super().forward(x)


class PassesItOn(Base):
    def forward(self, x):
        return max(x, self.training)


class Other(Base):
    def forward(self, x):
        training = x.other.trained
        return x if training else x + 1


@pytest.mark.parametrize("kind", [Branches, Negated, Combined, InAnotherMethod, Inherits])
def test_branches(kind):
    assert branches_on_training(kind, Base)


class OfTheFramework(Base):
    def forward(self, x):
        return x if self.training else (x, x)


class Quiet(OfTheFramework):
    def __init__(self):
        self.parts = []


OfTheFramework.__module__ = "framework.transformers"


@pytest.mark.parametrize("kind", [Base, PassesItOn, Other, OfTheFramework, Quiet])
def test_no_branches(kind):
    assert not branches_on_training(kind, Base)


class Distilled(Base):
    def __init__(self, distilled):
        self.distilled, self.training = distilled, False

    def forward(self, x):
        if self.distilled and self.training:
            return x, x
        return x


class OfAnother(Distilled):
    def forward(self, x):
        return (x, x) if self.distilled and x.training else x


class Inheriting(Distilled):
    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize("kind", [Distilled, Inheriting])
@pytest.mark.parametrize("distilled", [False, True])
def test_a_branch_that_is_not_reached(kind, distilled):
    network, other = kind(distilled), kind(True)
    with mode_asked(network, Base) as asked:
        network.training = True  # which asks for nothing
        network.training = False
        other.forward(1)
        assert network.forward(1) == 1
    assert asked() == distilled
    assert "training" not in vars(kind) and (network.training, other.training) == (False, False)


def test_where_it_cannot_be_seen():
    for kind in (OfAnother, Branches):  # another object's mode; one that the class holds
        with mode_asked(network := kind.__new__(kind), Base) as asked:
            assert not vars(network)
        assert asked() == (kind is OfAnother)
    with mode_asked(PassesItOn(), Base) as asked:
        pass
    assert not asked()
