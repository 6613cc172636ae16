"""What a yml may say about training: optimizer, learning rate schedule, loss. No framework; names are an allow-list."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from prunekit.core.config.typed_block import given_params
from prunekit.registry import nearest_or_all


class _Settings(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class _Params(_Settings):
    @model_validator(mode="wrap")
    @classmethod
    def _hinted(cls, value: Any, check: Callable[[Any], Any]) -> Any:
        """Say of an unknown parameter which one was meant; every other mistake is pydantic's to tell."""
        try:
            return check(value)
        except ValidationError as problem:
            lines = [cls._told(line) for line in problem.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, lines) from None

    @classmethod
    def _told(cls, line: ErrorDetails) -> InitErrorDetails:
        kind: str | PydanticCustomError = line["type"]
        if kind == "extra_forbidden":
            name = str(line["loc"][-1])
            text = f"no parameter {name!r}{nearest_or_all(name, cls.model_fields)}"
            kind = PydanticCustomError("unknown_parameter", "{text}", {"text": text})
        return InitErrorDetails(type=kind, loc=line["loc"], input=line["input"], ctx=line.get("ctx", {}))


class SGDParams(_Params):
    """Parameters of stochastic gradient descent.

    Attributes:
        lr: Learning rate.
        momentum: Share of the last step that the next one keeps.
        dampening: Share of the gradient that the momentum leaves out.
        weight_decay: Factor of the weights in their gradient (L2).
        nesterov: Momentum by Nesterov; needs a momentum and no dampening.
    """

    lr: Annotated[float, Field(gt=0)] = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    dampening: NonNegativeFloat = 0.0
    weight_decay: NonNegativeFloat = 0.0
    nesterov: bool = False


class AdamParams(_Params):
    """Parameters of Adam.

    Attributes:
        lr: Learning rate.
        betas: Decay of the moving averages of the gradient and of its square.
        eps: Added to the denominator.
        weight_decay: Factor of the weights in their gradient (L2).
        amsgrad: Divide by the greatest average of the square so far.
    """

    lr: Annotated[float, Field(gt=0)] = 0.001
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    eps: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    amsgrad: bool = False


class AdamWParams(AdamParams):
    """Parameters of AdamW.

    Attributes:
        lr: Learning rate.
        betas: Decay of the moving averages of the gradient and of its square.
        eps: Added to the denominator.
        weight_decay: Share of the learning rate by which weights shrink in a step, apart from their gradient.
        amsgrad: Divide by the greatest average of the square so far.
    """

    weight_decay: NonNegativeFloat = 0.01


class SGD(_Settings):
    """Stochastic gradient descent."""

    type: Literal["SGD"] = "SGD"
    params: SGDParams = SGDParams()


class Adam(_Settings):
    """Adam."""

    type: Literal["Adam"] = "Adam"
    params: AdamParams = AdamParams()


class AdamW(_Settings):
    """Adam with a weight decay apart from the gradient (Loshchilov and Hutter 2019)."""

    type: Literal["AdamW"] = "AdamW"
    params: AdamWParams = AdamWParams()


class _ScheduleParams(_Params):
    by_epoch: bool = True


class CosineParams(_ScheduleParams):
    """Parameters of a cosine.

    Attributes:
        by_epoch: Whether the learning rate changes between epochs alone, or from step to step.
        T_max: Epochs of half a period; those of the training if not given.
        eta_min: Learning rate at its end.
    """

    T_max: PositiveInt | None = None
    eta_min: NonNegativeFloat = 0.0


class PolynomialParams(_ScheduleParams):
    """Parameters of a polynomial.

    Attributes:
        by_epoch: Whether the learning rate changes between epochs alone, or from step to step.
        power: Of what is left of the training; 1 is a straight line.
        eta_min: Learning rate at its end.
    """

    power: Annotated[float, Field(gt=0)] = 0.9
    eta_min: NonNegativeFloat = 0.0


class MultiStepParams(_ScheduleParams):
    """Parameters of steps at given epochs.

    Attributes:
        by_epoch: Whether the learning rate changes between epochs alone, or from step to step; here it is the same.
        milestones: Epochs, counted from 1, after which the learning rate falls.
        gamma: Its factor at each.
    """

    milestones: tuple[PositiveInt, ...]
    gamma: Annotated[float, Field(gt=0)] = 0.1


class StepParams(_ScheduleParams):
    """Parameters of steps of equal length.

    Attributes:
        by_epoch: Whether the learning rate changes between epochs alone, or from step to step; here it is the same.
        step_size: Epochs between two falls of the learning rate.
        gamma: Its factor at each.
    """

    step_size: PositiveInt
    gamma: Annotated[float, Field(gt=0)] = 0.1


class CosineAnnealingLR(_Settings):
    """Half a cosine from the optimizer's learning rate down to ``eta_min``."""

    type: Literal["CosineAnnealingLR"] = "CosineAnnealingLR"
    params: CosineParams = CosineParams()

    def rate(self, lr: float, epoch: float, epochs: int) -> float:
        """Return the learning rate at an epoch, counted from 0, of a training that starts with ``lr``."""
        share = epoch / (self.params.T_max or epochs)
        return self.params.eta_min + (lr - self.params.eta_min) * (1 + math.cos(math.pi * share)) / 2


class PolynomialLR(_Settings):
    """The learning rate times a power of the share of the training that is left, down to ``eta_min``."""

    type: Literal["PolynomialLR"] = "PolynomialLR"
    params: PolynomialParams = PolynomialParams()

    def rate(self, lr: float, epoch: float, epochs: int) -> float:
        """Return the learning rate at an epoch, counted from 0, of a training that starts with ``lr``."""
        left = max(1 - epoch / epochs, 0.0)
        return float(self.params.eta_min + (lr - self.params.eta_min) * left**self.params.power)


class MultiStepLR(_Settings):
    """The learning rate times ``gamma`` at every milestone."""

    type: Literal["MultiStepLR"] = "MultiStepLR"
    params: MultiStepParams

    def rate(self, lr: float, epoch: float, epochs: int) -> float:
        """Return the learning rate at an epoch, counted from 0, of a training that starts with ``lr``."""
        passed = sum(milestone <= epoch for milestone in self.params.milestones)
        return float(lr * self.params.gamma**passed)


class StepLR(_Settings):
    """The learning rate times ``gamma`` every ``step_size`` epochs."""

    type: Literal["StepLR"] = "StepLR"
    params: StepParams

    def rate(self, lr: float, epoch: float, epochs: int) -> float:
        """Return the learning rate at an epoch, counted from 0, of a training that starts with ``lr``."""
        return float(lr * self.params.gamma ** (epoch // self.params.step_size))


class CrossEntropyParams(_Params):
    """Parameters of the cross-entropy.

    Attributes:
        label_smoothing: Share of every label that is spread over all classes.
        ignore_index: Label of what is left out.
    """

    label_smoothing: Annotated[float, Field(ge=0, le=1)] = 0.0
    ignore_index: int = -100


class CrossEntropyLoss(_Settings):
    """Cross-entropy of logits and labels."""

    type: Literal["CrossEntropyLoss"] = "CrossEntropyLoss"
    params: CrossEntropyParams = CrossEntropyParams()


def _tidy(what: str, *models: type[_Settings]) -> BeforeValidator:
    """Bring ``{type, lr: ...}`` to ``{type, params: {lr: ...}}``, and say of a wrong name which one was meant."""
    known = [model.__name__ for model in models]

    def tidy(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        name = value.get("type")
        if name is None:
            raise ValueError(f"the {what} has no type; there are {', '.join(known)}")
        if name not in known:
            raise ValueError(f"no {what} {name!r}{nearest_or_all(name, known)}")
        params = given_params(value)
        return {"type": name, "params": {} if params is None else params}

    return BeforeValidator(tidy)


Optimizer: TypeAlias = Annotated[SGD | Adam | AdamW, Discriminator("type"), _tidy("optimizer", SGD, Adam, AdamW)]
Schedule: TypeAlias = Annotated[
    CosineAnnealingLR | MultiStepLR | PolynomialLR | StepLR,
    Discriminator("type"),
    _tidy("learning rate schedule", CosineAnnealingLR, MultiStepLR, PolynomialLR, StepLR),
]
Loss: TypeAlias = Annotated[CrossEntropyLoss, _tidy("loss", CrossEntropyLoss)]
