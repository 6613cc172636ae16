"""``input_pickle_path`` and ``inputs``: what a step's network is called with, where it is not the dataset's samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from prunekit.core.config.block_validation import check_model
from prunekit.core.config.component_reader import check_file
from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.core.data.example_inputs import InputsSpec


class ExampleOptions(BaseModel):
    """What a step's network is called with to follow its structure and to measure it.

    Attributes:
        input_pickle_path: File with the inputs: a list of tensors is positional, a dict is keywords; .pth, .pt, .pkl,
            .npz or .safetensors.
        inputs: The inputs' shapes and types in its place: a list is positional, a block of names is keywords.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    input_pickle_path: Path | None = None
    inputs: InputsSpec | None = None


@dataclass(frozen=True)
class ExampleConfig:
    """Where a network's inputs come from: from a file or, where that is None, from a specification.

    Attributes:
        file: The file.
        spec: The specification.
        where: ``file.yml:12: nas.trainer.inputs``; not part of equality.
    """

    file: Path | None
    spec: InputsSpec | None
    where: str = field(default="", compare=False)


def read_example(block: Node, findings: Findings) -> tuple[ExampleConfig | None, Node]:
    """Return what a section says of the inputs, if anything, and the section without it."""
    keys = [key for key in ExampleOptions.model_fields if key in block.entries]
    rest = block.without(*keys)
    options = check_model(ExampleOptions, block.with_entries({key: block.get_or_empty(key) for key in keys}), findings)
    if options is None or (options.input_pickle_path is None and options.inputs is None):
        return None, rest
    node = block.get_or_empty("inputs" if options.inputs is not None else "input_pickle_path")
    if options.input_pickle_path is not None:
        check_file(options.input_pickle_path, block.get_or_empty("input_pickle_path"), findings)
        if options.inputs is not None:
            findings.problem(node, "give 'inputs' or 'input_pickle_path', not both")
    return ExampleConfig(options.input_pickle_path, options.inputs, node.where), rest
