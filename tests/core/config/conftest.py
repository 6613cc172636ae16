"""Small components under the guide's names, and a way to read a yml given as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from prunekit.core.config import ConfigError, RunConfig, load_config
from prunekit.registry import Register, RegisterType

Read = Callable[..., RunConfig]


@dataclass(frozen=True)
class Crop:
    size: int
    pad: int = 0


class SGD(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["SGD"] = "SGD"
    lr: float = 0.1
    momentum: float = 0.0


class NestedParams(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step_size: int = 10


class Steps(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["StepLR"] = "StepLR"
    params: NestedParams = NestedParams()


class Backend:
    supports = frozenset({"recalibrate", "observe"})


class ResNet:
    def __init__(self, class_num: int = 10, version: str = "resnet50", widths: list[int] | None = None) -> None: ...


class OpenNet:
    def __init__(self, class_num: int = 10, **desc: Any) -> None: ...


class Imagenet:
    def __init__(
        self, split: str, data_path: Path, crop: Crop | None = None, mean: tuple[float, ...] = (0.5,), note=None
    ) -> None: ...


class Trainer:
    def __init__(
        self,
        backend: Any,
        device: str,
        *,
        epochs: int = 1,
        optimizer: SGD | None = None,
        lr_scheduler: Steps | None = None,
        metric: Annotated[str, RegisterType.METRIC] = "accuracy",
    ) -> None: ...


class Agent(BaseModel):
    model_config = ConfigDict(extra="forbid")
    warmup: int = 100


class PruneAMC:
    def __init__(self, space: Any, settings: Any, *, agent: Agent | None = None) -> None: ...


class Accuracy:
    pass


class Compensation:
    def __init__(self, damping: float = 1e-3) -> None: ...


class SearchPipeStep:
    needs = frozenset({"model", "dataset", "search_algorithm"})
    allows = frozenset({"trainer", "pruning"})


class TrainPipeStep:
    needs = frozenset({"model", "dataset", "trainer"})
    allows = frozenset[str]()


class AccFlops:
    costs = ("flops",)


@pytest.fixture(autouse=True)
def components() -> Iterator[None]:
    with Register.isolated():
        for kind, name, component in [
            (RegisterType.BACKEND, "pytorch", Backend),
            (RegisterType.NETWORK, "ResNet_ModelZoo", ResNet),
            (RegisterType.NETWORK, "OpenNet", OpenNet),
            (RegisterType.DATASET, "Imagenet", Imagenet),
            (RegisterType.TRAINER, "Trainer", Trainer),
            (RegisterType.SEARCH_ALGORITHM, "PruneAMC", PruneAMC),
            (RegisterType.METRIC, "accuracy", Accuracy),
            (RegisterType.IMPORTANCE, "compensation", Compensation),
            (RegisterType.PIPE_STEP, "SearchPipeStep", SearchPipeStep),
            (RegisterType.PIPE_STEP, "TrainPipeStep", TrainPipeStep),
            (RegisterType.REWARD, "acc_flops", AccFlops),
        ]:
            backend = None if kind is RegisterType.REWARD else "pytorch"
            Register.register(kind, component, name=name, backend=backend, override=True)
        yield


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Write the text to ``a.yml`` in an empty folder and read it there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()

    def read_text(text: str, **overrides: Any) -> RunConfig:
        Path("a.yml").write_text(text, encoding="utf-8")
        return load_config(Path("a.yml"), overrides)

    return read_text


@pytest.fixture
def problems(read: Read) -> Callable[..., list[str]]:
    """Read a text that has mistakes; return their lines."""

    def lines(text: str, **overrides: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text, **overrides)
        return str(caught.value).split("\n")

    return lines
