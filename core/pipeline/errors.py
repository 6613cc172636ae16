"""What can go wrong in a run."""

from prunekit.registry.errors import PrunekitError


class RunError(PrunekitError):
    """A run cannot start, go on or finish; the message says what to do."""


class DescriptionError(PrunekitError):
    """A file does not describe a network, or what it describes cannot be built."""
