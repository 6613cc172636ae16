"""How backends that break a promise are made, and which check has to find each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prunekit.core.testing.fake_backend import FakeBackend

BROKEN = []


def breaks(check, message):
    """Register a broken backend with the check that has to find it and what that has to say."""

    def add(backend):
        BROKEN.append(pytest.param(check, message, backend, id=backend.__name__))
        return backend

    return add


def changed(operators, kind, /, **values):
    """A recording with other values in every operator of a kind."""
    operators.operators = [replace(o, **values) if o.kind is kind else o for o in operators.operators]
    return operators


class Recording(FakeBackend):
    """A backend that alters what it has recorded."""

    def record(self, network, inputs, leaf_modules=None):
        return self.altered(super().record(network, inputs, leaf_modules), network)


class Pruning(FakeBackend):
    """A backend that alters what it has pruned."""

    def prune(self, network, graph, plan):
        return self.altered(super().prune(network, graph, plan), network)
