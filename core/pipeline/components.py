"""Constructs the components that a yml names; errors of their own code become one clear message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prunekit.core.config import ComponentSpec
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.registry import PrunekitError, Register
from prunekit.registry.errors import described


@contextmanager
def constructing(name: str, error: type[PrunekitError] = RunError) -> Iterator[None]:
    """Turn what a component's own code raises inside the block into an error that a user can read.

    Args:
        name: The component, as the message begins.
        error: The class of the error.
    """
    try:
        yield
    except (PrunekitError, KeyboardInterrupt):
        raise
    except BaseException as problem:  # a constructor is its author's code, and may end with SystemExit
        raise error(f"{name} cannot be made: {described(problem)}") from problem


def make_component(spec: ComponentSpec, backend: str, **injected: Any) -> Any:
    """Construct the component that a block of the yml names.

    Args:
        spec: The block, checked.
        backend: Name of the backend that it is to work with.
        injected: Arguments that prunekit sets itself.

    Raises:
        PrunekitError: Its constructor raises.
    """
    component = Register.get(spec.kind, spec.name, backend)
    with error_location(spec.where), constructing(component.__qualname__):
        return component(**spec.params, **injected)
