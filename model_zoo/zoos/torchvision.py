"""Every model of torchvision as a network, whatever its task: ``torchvision:fasterrcnn_resnet50_fpn``."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from prunekit.model_zoo.zoos.library_import import known, library, without_weights
from prunekit.model_zoo.zoos.torchvision_tasks import trainable
from prunekit.registry import Register, RegisterType

_WEIGHTS = ("weights", "weights_backbone")


@Register.register(RegisterType.NETWORK)
def torchvision_model(name: str) -> Callable[..., Any]:
    """Every model of torchvision, as ``torchvision.models.get_model`` makes it, with random weights.

    Args:
        name: As ``torchvision.models.list_models`` says it.

    Returns:
        What makes the model; it takes the keyword arguments of ``torchvision.models.get_model``.

    Raises:
        UnknownNameError: torchvision has no such model.
        BrokenEntryError: torchvision cannot be imported.
    """
    torchvision = library("torchvision")
    known(torchvision, name, torchvision.models.list_models())
    maker = torchvision.models.get_model_builder(name)
    task = maker.__module__.removeprefix("torchvision.models.").partition(".")[0]
    random = dict.fromkeys(_WEIGHTS & inspect.signature(maker).parameters.keys())

    def build(num_classes: int | None = None, **parameters: Any) -> Any:
        """A model of torchvision, with random weights.

        Args:
            num_classes: Classes, for a detector with the background.
            parameters: What else ``torchvision.models.get_model`` takes.
        """
        without_weights(parameters, (*_WEIGHTS, "pretrained", "pretrained_backbone"))
        given = {} if num_classes is None else {"num_classes": num_classes}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # on how two of them will be initialized some day
            made = maker(**random, **given, **parameters)
        return trainable(made, task, num_classes)

    build.__name__ = build.__qualname__ = name
    return build
