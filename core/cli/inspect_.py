"""``prunekit inspect``: shows the structure of networks as a table, as JSON, as a drawing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prunekit.core.atomic_file import write_text
from prunekit.core.backend_factory import DEFAULT_BACKEND
from prunekit.core.cli.config_file import print_warnings, read_config
from prunekit.core.cli.data_output import json_text, print_data
from prunekit.core.cli.input_arguments import inputs_of, params_of
from prunekit.core.config import RunConfig
from prunekit.core.cost.counting import CountedKind
from prunekit.core.pipeline.inspection import Inspected, inspect_config, inspect_model
from prunekit.core.report.drawing import check_format, draw
from prunekit.core.report.table import as_json
from prunekit.core.text_table import columns
from prunekit.registry import PrunekitError
from prunekit.registry.errors import escaped

VERSION = 1
_SHOWN = 3  # of the modules where price and count differ


def inspect(options: argparse.Namespace) -> int:
    """Show the structure of any network, or of that of each step of a yml that has one of its own."""
    check_words(options)
    config = None
    if options.model is None:
        config = read_config(options)
        print_warnings(config)
    _show_all(options, config)
    return 0


def check_words(options: argparse.Namespace) -> None:
    """Refuse words that do not go together; a yml behind ``--json`` is the yml.

    Raises:
        PrunekitError: There is neither a yml nor a network, or both, or no inputs.
    """
    if options.file is None and options.model is None and (options.json or "-") != "-":
        options.file, options.json = options.json, "-"
    if (options.file is None) == (options.model is None):
        raise PrunekitError("inspect what? Give a yml, or --model NAME with --input SHAPE: one of the two")
    if options.model is not None and not options.inputs:
        raise PrunekitError("--model needs what it is called with, such as --input 1x3x224x224")
    if options.model is None and (options.inputs or options.params):
        raise PrunekitError("--input and --param go with --model; a yml says both itself")


def _show_all(options: argparse.Namespace, config: RunConfig | None) -> None:
    """Print what is found of each network, as soon as it is; draw the first."""
    in_json, picture = options.json is not None, options.graph and Path(options.graph)
    found = []
    if picture:
        check_format(picture)
    for each in _inspected(options, config):
        if in_json:
            found.append(described(each))
        else:
            print(escaped("\n".join(lines_of(each, options.count_with))))
        if picture:
            hint = draw(each.graph, picture, each.network)
            print(hint or f"wrote {picture}", file=sys.stderr if in_json else sys.stdout)
            picture = None
    if in_json:
        text = json_text({"version": VERSION, "networks": found})
        if options.json == "-":
            print_data(text)
        else:
            write_text(Path(options.json), f"{text}\n")
            print_data(f"wrote {options.json}")


def lines_of(inspected: Inspected, counter: str | None = None) -> Iterator[str]:
    """The table, what is in reach, and what ``counter`` counts."""
    yield f"{inspected.step}: {inspected.network}" if inspected.step else inspected.network
    yield inspected.graph.table("activations" in inspected.within)
    for cost, (least, most) in inspected.within.items():
        yield f"within the bounds the search keeps {least:.1%} to {most:.1%} of the {cost}"
    if inspected.budget is not None:
        yield f"budget {inspected.budget}: within reach"
    if inspected.counted:
        yield from _counted_lines(inspected.counted, counter)


def described(inspected: Inspected) -> dict[str, Any]:
    """The same, and which channels make a unit, as JSON values."""
    return {
        "network": inspected.network,
        "step": inspected.step,
        "inputs": inspected.inputs,
        **as_json(inspected.graph),
        "within": {cost: list(range_) for cost, range_ in inspected.within.items()},
        "budget": inspected.budget,
        **({"counted": [asdict(row) for row in inspected.counted]} if inspected.counted else {}),
    }


def _counted_lines(rows: Sequence[CountedKind], counter: str | None) -> Iterator[str]:
    header = ("MACs of", "prunekit", str(counter), "difference", "in")
    whole = CountedKind("all", sum(row.priced for row in rows), sum(row.counted for row in rows), ())
    yield from columns(header, [_counted_row(row) for row in (*rows, whole)], right=header[1:4])


def _counted_row(row: CountedKind) -> tuple[str, ...]:
    less = len(row.modules) - _SHOWN
    where = ", ".join(row.modules[:_SHOWN]) + (f" and {less} more" if less > 0 else "")
    difference = f"{row.counted - row.priced:+,.0f}" if round(row.counted - row.priced) else "-"
    return row.kind, f"{row.priced:,.0f}", f"{row.counted:,.0f}", difference, where


def _inspected(options: argparse.Namespace, config: RunConfig | None) -> Iterator[Inspected]:
    inputs, params = inputs_of(options.inputs) if options.inputs else None, params_of(options.params)
    if config is not None:
        yield from inspect_config(config, tuple(options.imports), options.count_with)
    else:
        backend, device = options.backend or DEFAULT_BACKEND, options.device_category or "CPU"
        yield inspect_model(options.model, params, inputs, backend, device, options.count_with)
