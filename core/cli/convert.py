"""``prunekit convert``: renames the weights of a network to those of its twin on another framework."""

from __future__ import annotations

import argparse
from pathlib import Path

from prunekit.core.backend import Backend
from prunekit.core.backend_factory import make_backend
from prunekit.core.cli.input_arguments import params_of
from prunekit.core.file_nature import not_a_file
from prunekit.core.pipeline.named_network import named_network
from prunekit.core.weights import COMMON, load_weights
from prunekit.registry import PrunekitError, Register, RegisterType

_SAFETENSORS = ".safetensors"


def convert(options: argparse.Namespace) -> int:
    """Load a file into the target's network, so that every name and shape is checked, and write what that has.

    Raises:
        PrunekitError: There is no such backend, network or file, the file does not fit, or the result is there already.
    """
    params, source = params_of(options.params), Path(options.weights)
    names = [Register.entry(RegisterType.BACKEND, name).name for name in (options.source, options.target)]
    out = Path(options.out) if options.out else Path(f"{_stem(source)}_{names[1]}{_SAFETENSORS}")
    if (why := not_a_file(source, "weights file")) is not None:
        raise PrunekitError(f"{source}{why}")
    if out.exists():
        raise PrunekitError(f"{out} is there already; it is not overwritten. Remove it, or choose another name with -o")
    target = make_backend(names[1], "CPU")
    _check_suffix(out, target)
    reader = target if source.suffix.lower() in COMMON or names[0] == names[1] else make_backend(names[0], "CPU")
    network = named_network(target, options.network, params)
    told = load_weights(target, network, source, reader, options.key)
    target.save(network, out)
    print(f"{source}: {told or 'named as the network itself'}\nwrote {out}")
    return 0


def _check_suffix(out: Path, target: Backend) -> None:
    known = (_SAFETENSORS, *target.weight_suffixes)
    if out.suffix.lower() not in known:
        raise PrunekitError(f"{out}: {target.name} writes weights as {', '.join(known)} files only")


def _stem(path: Path) -> str:
    """A file's name without what says of which kind it is: ``net.pth.tar`` is ``net``."""
    name = path.with_suffix("").name
    return name.removesuffix(".pth") if path.suffix == ".tar" else name
