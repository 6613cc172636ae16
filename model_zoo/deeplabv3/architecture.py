"""The architecture of DeepLabV3, without a framework (Chen et al. 2017, "Rethinking atrous convolution")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Backbone = Literal["resnet50", "resnet101", "mobilenet_v2"]

CLASSES = 21  # PASCAL VOC's, with the background
HEAD = 256  # channels of each branch, and of what follows them
AUX_DROPOUT = 0.1

_STRIDES: dict[Backbone, int] = {"resnet50": 8, "resnet101": 8, "mobilenet_v2": 16}
_RATES = {8: (12, 24, 36), 16: (6, 12, 18)}
_MOST = 256  # classes that a byte a pixel can name


def output_stride_of(backbone: Backbone, given: int | None) -> int:
    """How many times smaller than the picture the map is that the head sees; by default as published.

    Raises:
        ValueError: There is no such backbone or stride.
    """
    if backbone not in _STRIDES:
        raise ValueError(f"there is no backbone {backbone!r}; there are {', '.join(_STRIDES)}")
    if given is not None and given not in _RATES:
        raise ValueError(f"output_stride is {given}; it can be {' or '.join(map(str, _RATES))}")
    return _STRIDES[backbone] if given is None else given


def rates_of(output_stride: int, given: Sequence[int] | None) -> tuple[int, ...]:
    """The dilations of the 3x3 convolutions side by side; by default those of the paper for the output stride.

    Raises:
        ValueError: There is none, or one is no dilation.
    """
    rates = _RATES[output_stride] if given is None else tuple(given)
    if not rates or min(rates) < 1:
        raise ValueError(f"rates are {list(rates)}; give at least one, each at least 1")
    return rates


def check_resnets_own(backbone: Backbone, multi_grid: Sequence[int] | None, aux_head: bool) -> None:
    """Refuse what only a ResNet has.

    Raises:
        ValueError: ``multi_grid`` or ``aux_head`` is asked for with another backbone.
    """
    if backbone == "mobilenet_v2" and (multi_grid is not None or aux_head):
        raise ValueError(
            f"{'aux_head' if aux_head else 'multi_grid'}: the backbone mobilenet_v2 has none; leave it out"
        )


def check_classes(number: int, weights: Sequence[float] | None) -> None:
    """Refuse classes that a byte cannot name, and weights that are not theirs.

    Raises:
        ValueError: There are more than 256, or not one weight for each, or one that is negative.
    """
    if number > _MOST:
        raise ValueError(f"class_num is {number}; the classes of pixels are decoded to bytes, so {_MOST} are the most")
    if weights is not None and (len(weights) != number or min(weights) < 0 or not any(weights)):
        raise ValueError(
            f"class_weights has {len(weights)} numbers; give one for each of {number} classes, none below 0"
        )
