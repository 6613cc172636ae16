"""Code is read for branches on the mode."""

from __future__ import annotations

import pytest

from prunekit.core.recording.mode_branches import branches_on_training


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
