from __future__ import annotations

import pytest

from prunekit.core.cli.protocols import PROTOCOLS, protocol_lines
from prunekit.core.cli.show import show
from prunekit.registry import RegisterType

Said = pytest.CaptureFixture[str]
OTHERS = {RegisterType.OPERATOR_RULE}  # a function of an operator


def test_every_kind_has_one() -> None:
    assert PROTOCOLS.keys() == set(RegisterType) - OTHERS


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_each_says_what_it_is_and_has(kind: RegisterType) -> None:
    lines = protocol_lines(kind)
    methods = [line for line in lines if line.startswith("  ") and line[2:3].strip() and "(self" in line]
    assert methods and not any(line.strip() == "None" for line in lines)
    for number, line in enumerate(lines):
        if line in methods:
            assert lines[number + 1].strip() or "__" in line, f"{line} has no word of docstring"


def test_the_name_of_a_kind_shows_its_protocol(capsys: Said) -> None:
    assert show("metric", None) == 0
    out = capsys.readouterr().out
    assert out.startswith("metric: @Register.register(RegisterType.METRIC), named in a yml by its type\n")
    assert "registered: accuracy" in out and "  result(self, error: 'bool' = True) -> 'Measured'" in out
    assert show("cost estimators", None) == 0
    out = capsys.readouterr().out
    assert "PricedCost  (prunekit.core.cost.estimators)" in out and "  compare(self, networks" in out
