"""Every model of timm as a network: ``timm:convnext_tiny``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prunekit.model_zoo.zoos.library_import import known, library, without_weights
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
def timm_model(name: str) -> Callable[..., Any]:
    """Every model of timm, as ``timm.create_model`` makes it, with random weights.

    Args:
        name: As ``timm.list_models`` says it; a tag such as ``.a1_in1k`` may follow.

    Returns:
        What makes the model; it takes the keyword arguments of ``timm.create_model``.

    Raises:
        UnknownNameError: timm has no such model.
        BrokenEntryError: timm cannot be imported.
    """
    timm = library("timm")
    known(timm, name.partition(".")[0], timm.list_models())

    def build(
        num_classes: int | None = None,
        in_chans: int | None = None,
        drop_rate: float | None = None,
        drop_path_rate: float | None = None,
        **parameters: Any,
    ) -> Any:
        """A model of timm, with random weights.

        Args:
            num_classes: Classes; none: the features.
            in_chans: Channels of the images.
            drop_rate: Share of the head's inputs that training drops.
            drop_path_rate: Share of the residual branches that training drops.
            parameters: What else ``timm.create_model`` takes.
        """
        without_weights(parameters, ("pretrained", "checkpoint_path"))
        named = {
            "num_classes": num_classes, "in_chans": in_chans, "drop_rate": drop_rate, "drop_path_rate": drop_path_rate,
        }  # fmt: skip
        given = {key: value for key, value in named.items() if value is not None}
        return timm.create_model(name, **given, **parameters)

    build.__name__ = build.__qualname__ = name
    return build
