from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from prunekit.plugins.trainers.settings import SGD, CosineAnnealingLR, MultiStepLR, Optimizer, Schedule, StepLR

optimizer: TypeAdapter[Any] = TypeAdapter(Optimizer)
schedule: TypeAdapter[Any] = TypeAdapter(Schedule)


def test_nested_and_flat_forms_are_the_same() -> None:
    nested = optimizer.validate_python({"type": "SGD", "params": {"lr": 0.001, "momentum": 0.9}})
    assert nested == optimizer.validate_python({"type": "SGD", "lr": 0.001, "momentum": 0.9})
    assert isinstance(nested, SGD) and nested.params.lr == 0.001
    assert optimizer.validate_python({"type": "SGD", "params": None}) == SGD()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"type": "SDG"}, "no optimizer 'SDG'. Did you mean 'SGD'?"),
        ({"type": "os.system"}, "no optimizer 'os.system'; there are SGD, Adam"),
        ({"lr": 0.1}, "the optimizer has no type; there are SGD, Adam"),
        ({"type": "SGD", "params": {"momentun": 0.9, "lr": 1}}, "no parameter 'momentun'. Did you mean 'momentum'?"),
        ({"type": "SGD", "params": {"lr": 0.1}, "momentum": 0.9}, "either all beside type or all under params"),
        ({"type": "SGD", "lr": -1}, "greater than 0"),
        ({"type": "Adam", "lr": "fast"}, "valid number"),
    ],
)
def test_mistakes_are_told(value: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        optimizer.validate_python(value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "make"),
    [
        ({"type": "CosineAnnealingLR", "eta_min": 0.01}, lambda s, o: s.CosineAnnealingLR(o, 9, 0.01)),
        ({"type": "MultiStepLR", "milestones": [2, 5]}, lambda s, o: s.MultiStepLR(o, [2, 5])),
        ({"type": "StepLR", "step_size": 3, "gamma": 0.5}, lambda s, o: s.StepLR(o, 3, 0.5)),
    ],
)
def test_schedules_follow_pytorch(settings: dict[str, Any], make: Any) -> None:
    torch = pytest.importorskip("torch")
    ours = schedule.validate_python(settings)
    assert isinstance(ours, CosineAnnealingLR | MultiStepLR | StepLR)
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    steps = make(torch.optim.lr_scheduler, theirs)
    for epoch in range(9):
        assert ours.rate(0.4, epoch, 9) == pytest.approx(theirs.param_groups[0]["lr"])
        theirs.step()
        steps.step()
