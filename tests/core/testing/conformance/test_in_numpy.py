"""The suite on the NumPy backend: complete, without a framework, and skipping what a backend does not list."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from unittest import SkipTest

from prunekit.core.testing import conformance
from prunekit.core.testing.conformance.in_numpy import SUBJECT
from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.fake_backend import FakeBackend


class SupportsNothing(FakeBackend):
    supports = frozenset()

    def observe(self, network, graph, batches):
        raise NotImplementedError

    recalibrate = to_float64 = observe


def test_what_is_not_supported_is_skipped():
    subject, skipped = replace(SUBJECT, backend=SupportsNothing()), []
    for check in conformance.CHECKS:
        try:
            check(subject)
        except SkipTest as reason:
            skipped.append(str(reason))
    abilities = ("observe", "recalibrate", "float64")
    assert skipped == [f"numpy does not list {ability!r} in supports" for ability in abilities]


def test_every_structure_has_a_network():
    assert STRUCTURES.keys() == SUBJECT.networks.keys()


def test_it_imports_neither_a_framework_nor_pytest():
    code = (
        "import sys; from prunekit.core.testing.conformance.in_numpy import SUBJECT\n"
        "from prunekit.core.testing.conformance import CHECKS\n"
        "[check(SUBJECT) for check in CHECKS]\n"
        "print(*sorted({'torch', 'mindspore', 'pytest'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
