from __future__ import annotations

import pytest

from prunekit.core.pipeline.components import constructing
from prunekit.core.pipeline.errors import RunError


class Odd(BaseException):
    def __str__(self) -> str:
        raise SystemExit(0)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (ValueError("no\nsuch\x1b[2J size"), r"ValueError: no such\x1b[2J size"),
        (SystemExit(0), "SystemExit: 0"),
        (Odd(), "Odd: (Odd, whose __str__ raises SystemExit)"),
    ],
)
def test_whatever_a_constructor_raises_is_an_error_of_the_run(problem: BaseException, told: str) -> None:
    with pytest.raises(RunError) as caught, constructing("Net"):
        raise problem
    assert str(caught.value) == f"Net cannot be made: {told}"


def test_ctrl_c_in_a_constructor_stays_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt), constructing("Net"):
        raise KeyboardInterrupt
