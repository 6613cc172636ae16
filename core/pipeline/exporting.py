"""Exports a network to a file of another program's format; the protocol of exporters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prunekit.core.backend import Network
from prunekit.core.backend_factory import make_backend
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.subject import described_subject
from prunekit.registry import PrunekitError, Register, RegisterType


class ExportError(PrunekitError):
    """A network cannot be written in a format, or the file does not compute what the network does."""


@dataclass(frozen=True)
class Exported:
    """A file that was written, loaded again and compared.

    Attributes:
        path: The file.
        format: Name of the format.
        parity_error: Largest difference between the file's outputs and the network's, relative to the largest output.
        batch_sizes: Numbers of samples at which they were compared.
        opset: Version of the format's operators, where it has one.
    """

    path: Path
    format: str
    parity_error: float
    batch_sizes: tuple[int, ...]
    opset: int | None = None


class Exporter(Protocol):
    """What every exporter has; registered by the name of the format, for one backend."""

    suffix: str

    def export(self, network: Network, inputs: Inputs, path: Path, *, any_batch: bool = True) -> Exported:
        """Write the network in evaluation mode; the file is there whole, and checked, or not at all.

        Args:
            network: Left as it was.
            inputs: One batch by the data contract, as NumPy arrays.
            path: The file to write.
            any_batch: Whether the file takes any number of samples, or only as many as ``inputs`` has.

        Raises:
            ExportError: The format cannot hold the network, a package is missing, or the file computes other values.
        """
        ...


def export_described(
    path: Path, kind: str, device: str = "CPU", batch: int | None = None, out: Path | None = None
) -> list[Exported]:
    """Export the network of a ``desc_<id>.json``: one file, or one for each of its parts.

    A network that is no one graph for other programs, as a detector that chooses regions on the way, has a method
    ``exported_parts(inputs)``: by name each part, a network of its own, and an example of its inputs, as NumPy arrays.
    Their files have its name behind the network's.

    Args:
        path: The description; the network's weights lie beside it.
        kind: Name of the format, such as ``onnx``.
        device: Where the network runs meanwhile: ``CPU``, ``GPU`` or ``NPU``.
        batch: The one number of samples that the file shall take; None for any. A part whose example has another
            number of them, as of regions, takes any.
        out: The file to write; by default beside the description, named after it.

    Raises:
        PrunekitError: There is no such format for the network's backend, or the network cannot be loaded or exported.
    """
    backend_name = Description.read(path).backend
    exporter: Exporter = Register.get(RegisterType.EXPORTER, kind, backend_name)()
    subject = described_subject(make_backend(backend_name, device), path)
    target = path.with_name(f"{path.stem.replace('desc_', 'model_', 1)}{exporter.suffix}") if out is None else out
    inputs = subject.batch(batch or 1)
    if (parts := getattr(subject.network, "exported_parts", None)) is None:
        return [exporter.export(subject.network, inputs, target, any_batch=batch is None)]
    return [
        exporter.export(part, given, target.with_stem(f"{target.stem}_{name}"), any_batch=batch_size(given) != batch)
        for name, (part, given) in parts(inputs).items()
    ]
