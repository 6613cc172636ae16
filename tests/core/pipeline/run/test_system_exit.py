"""Code of the user's that would end the process is a failure of the run, not its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., int]
LEAVING = """\
import sys
from prunekit.registry import Register, RegisterType
from tinypack import TinyNet

class Leaving(TinyNet):
    def forward(self, x):
        return sys.exit(0) if WHEN == "forward" or WHEN == "training" and self.training else super().forward(x)

    def construct(self, x):
        return sys.exit(0) if WHEN == "forward" or WHEN == "training" and self.training else super().construct(x)

@Register.register(RegisterType.NETWORK)
class Net(Leaving):
    def __init__(self):
        super().__init__()
        if WHEN == "init":
            sys.exit(0)
"""


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("init", "pretrain.model.model_desc.backbone: Net cannot be made: SystemExit: 0"),
        ("forward", "pretrain: Net does not run on inputs"),
        ("training", "pretrain: SystemExit: 0; where it was raised is in"),
    ],
)
def test_a_network_that_ends_the_process(
    cli: Cli, tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], when: str, told: str
) -> None:
    module = f"leaving_{when}"  # each its own, as Python imports a name once
    (tmp_path / f"{module}.py").write_text(f"WHEN = {when!r}\n{LEAVING}")
    (tmp_path / "x.yml").write_text(tiny.replace("TinyNet", "Net"))
    assert cli("x.yml", "--import", module, "-t", "t") == 2
    said = capsys.readouterr()
    assert told in said.err and "stopped by an error; once it is mended, -r -t t goes on" in said.out
