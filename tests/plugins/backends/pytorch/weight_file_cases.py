"""Weights files that people have, and files that are none: what each has to come to.

``python tests/plugins/backends/pytorch/weight_file_cases.py`` prints the list of them with what each one printed.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import gzip
import io
import json
import os
import pathlib
import pickle
import socket
import struct
import sys
import tarfile
import tempfile
import time
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from prunekit.core.weights import WeightsError, load_weights
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

Make = Callable[[Path], Any]
BACKEND = PytorchBackend()


def network(seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))


STATE = network().state_dict()
OTHER = network(2).state_dict()
OPTIMIZER = {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}


def under(prefix: str, state: dict[str, Any] = STATE) -> dict[str, Any]:
    return {prefix + name: tensor for name, tensor in state.items()}


class Bomb:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/prunekit_ran_code",)


class Config:
    def __init__(self) -> None:
        self.lr = 0.1


def named_lists() -> collections.defaultdict[str, list[int]]:
    return collections.defaultdict(list, {"a": [1]})


BESIDE = {
    "args": argparse.Namespace(lr=0.1, out=pathlib.Path("a")), "space": types.SimpleNamespace(a=1), "dir": Path("runs"),
    "when": datetime.datetime(2024, 5, 1, 3, tzinfo=datetime.timezone.utc), "took": datetime.timedelta(3),
    "best": np.float64(3.0), "count": np.int64(3), "flag": np.bool_(True), "curve": np.arange(3.0),
    "kind": np.dtype("f4"), "frozen": frozenset("a"),
    "scaler": {"scale": 65536.0}, "log": named_lists(), "seen": collections.Counter("ab"), "size": torch.Size([1, 2]),
    "torch": torch.__version__, "dtype": torch.float32, "device": torch.device("cpu"), "rng": torch.get_rng_state(),
    "some": {1, 2}, "z": 1j, "rate": collections.OrderedDict(a=1), "text": "x", "none": None, "bytes": b"x",
    "list": [1, [2.5]],
    "range": range(3), "part": slice(1, 2), "floats": float, "optimizer": OPTIMIZER,
}  # fmt: skip
LOADED: dict[str, tuple[Any, str]] = {
    "a state dict": (STATE, ""),
    "state_dict, epoch, optimizer": ({"epoch": 3, "state_dict": STATE, "optimizer": OPTIMIZER}, "under 'state_dict'"),
    "model and everything that programs put beside": ({"model": STATE, **BESIDE}, "under 'model'$"),
    "Lightning": (
        {"state_dict": under("model."), "hyper_parameters": {"lr": 0.1}},
        "under 'state_dict'; without 'model.'",
    ),
    "model_state_dict and a loss": ({"model_state_dict": STATE, "loss": torch.tensor(0.3)}, "under 'model_state_dict'"),
    "net": ({"net": STATE, "acc": 93.1}, "under 'net'"),
    "weights": ({"weights": STATE}, "under 'weights'"),
    "checkpoint.model": ({"checkpoint": {"model": STATE}}, "under 'checkpoint.model'"),
    "an unusual key": ({"detector": STATE, "epoch": 1}, "under 'detector'"),
    "state_dict and state_dict_ema": (
        {"state_dict_ema": OTHER, "state_dict": STATE},
        r"'state_dict' \(there too: 'state_d",
    ),
    "params_ema first": ({"params_ema": OTHER, "params": STATE}, r"under 'params' \(there too: 'params_ema'"),
    "an average alone": ({"ema": STATE}, "under 'ema'"),
    "model and a teacher": ({"teacher": OTHER, "model": STATE}, r"under 'model'"),
    "ema.* among the names": ({**under("ema.", OTHER), **STATE}, r"the plain weights \(there too: 'ema'"),
    "Lightning with ema_model.*": (
        {"state_dict": {**under("ema_model.", OTHER), **under("model.")}},
        "without 'model.'",
    ),
    "module.": (under("module."), "without 'module.'"),
    "module._orig_mod.": (under("module._orig_mod."), "without 'module._orig_mod.'"),
    "backbone.": ({"meta": {"epoch": 1}, "state_dict": under("backbone.")}, "without 'backbone.'"),
    "_orig_mod within": ({k.replace(".", "._orig_mod.", 1): v for k, v in STATE.items()}, "without '_orig_mod.'"),
    "AveragedModel": ({**under("module."), "n_averaged": torch.tensor(3)}, "without 'module.'"),
    "numbers of training in a flat file": (
        {**STATE, "epoch": torch.tensor(3), "lr": torch.ones(9)},
        "left out .*epoch, lr",
    ),
    "two equal sets": ({"state_dict": STATE, "model": dict(STATE)}, "under 'state_dict'"),
    "half precision": ({k: v.half() if v.is_floating_point() else v for k, v in STATE.items()}, ""),
    "bfloat16": ({k: v.bfloat16() if v.is_floating_point() else v for k, v in STATE.items()}, ""),
    "parameters": ({k: nn.Parameter(v) if v.is_floating_point() else v for k, v in STATE.items()}, ""),
    "without counters": ({k: v for k, v in STATE.items() if "tracked" not in k}, ""),
}
"""Loaded, with the weights of ``STATE``, and what is said."""

KEYS: dict[str, tuple[Any, str, str]] = {
    "ema": ({"model": OTHER, "ema": STATE}, "ema", "under 'ema'"),
    "model_ema of DataParallel": (
        {"model": OTHER, "model_ema": under("module.")},
        "model_ema",
        "under 'model_ema'; without",
    ),
    "state_dict_ema, the same object": (
        {"state_dict": STATE, "state_dict_ema": STATE},
        "state_dict_ema",
        "state_dict_ema",
    ),
    "within another": ({"checkpoint": {"ema": STATE, "model": OTHER}}, "ema", "under 'checkpoint.ema'"),
    "a prefix": ({"state_dict": {**under("student.", OTHER), **under("teacher.")}}, "teacher", "teacher"),
    "one of two that differ": ({"a": OTHER, "b": STATE}, "b", "under 'b'"),
}
"""Loaded with ``pretrained_model_key``."""


def saved(content: Any, **options: Any) -> Make:
    return lambda path: torch.save(content, path, **options)


def holding(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", how) as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return make


def header(shape: str, kind: str = "<f4") -> bytes:
    """The beginning of a ``.npy`` file."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def unpacking(path: Path) -> None:
    """A small file whose array is 64 MiB of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("0.weight.npy", "w", force_zip64=True) as file,
    ):
        file.write(header("(16777216,)"))
        zeros = bytes(2**20)
        for _ in range(2**6):
            file.write(zeros)


def claiming(path: Path, length: int = 10**11, header_length: int | None = None) -> None:
    """A safetensors file whose header claims 100 GB."""
    text = json.dumps({"0.weight": {"dtype": "F32", "shape": [length // 4], "data_offsets": [0, length]}}).encode()
    path.write_bytes(struct.pack("<Q", header_length or len(text)) + text + bytes(16))


def sparse(path: Path) -> None:
    """A file of 100 GB that takes no room."""
    path.write_bytes(b"\x80\x02}q\x00.")
    os.truncate(path, 10**11)


def expanded(path: Path) -> None:
    """One number that is a tensor of 400 GB, by strides of zero."""
    torch.save({**STATE, "0.weight": torch.zeros(1).expand(10**11)}, path)


def compressed(path: Path) -> None:
    """What ``torch.save`` wrote, packed again, with a member that unpacks to 16 MiB."""
    torch.save(STATE, path)
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    zipped({**members, "archive/data/99": bytes(2**24)})(path)


def short(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:-200])


def nested(path: Path) -> None:
    """A small file whose dicts, followed one by one, have 4 ** 40 values."""
    content: dict[str, Any] = {"w": torch.zeros(1)}
    for _ in range(40):
        content = dict.fromkeys("abcd", content)
    torch.save(content, path)


def in_itself(path: Path) -> None:
    content: dict[str, Any] = {"w": torch.zeros(1)}
    content["again"] = content
    torch.save(content, path)


def scripted(path: Path) -> None:
    zipped({"w/constants.pkl": b"\x80\x02.", "w/data.pkl": b"\x80\x02.", "w/code/x.py": b""}, zipfile.ZIP_STORED)(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def packed_tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("w.pth"), io.BytesIO())


def of_objects(path: Path) -> None:
    bomb = np.empty(1, dtype=object)
    bomb[0] = Bomb()
    np.savez(path, **{"0.weight": bomb})


TEXT = "cannot be read as weights: it is a text$"
REFUSED: dict[str, tuple[str, Make, str]] = {
    "a whole pickled network": (
        "w.pth",
        lambda path: torch.save(network(), path),
        r"nn.modules.*state = network.state_dict\(\); torch.save\(state",
    ),
    "code beside the weights": (
        "w.pth",
        saved({"model": STATE, "x": Bomb()}),
        r"it names posix.system.*nothing was run",
    ),
    "an object of a class of one's own": (
        "w.pth",
        saved({"model": STATE, "config": Config()}),
        r"it names .*Config.*nothing was run",
    ),
    "code in a bare pickle": ("w.pth", holding(pickle.dumps({"w": Bomb()})), "nothing was run"),
    "two sets that differ": (
        "w.pth",
        saved({"generator": STATE, "discriminator": OTHER}),
        "holds 2 sets .* fit Sequential and differ: 'generator', 'discriminator'; choose",
    ),
    "two usual keys that differ": (
        "w.pth",
        saved({"model": STATE, "net": OTHER}),
        "holds 2 sets .*: 'model', 'net'; choose",
    ),
    "only some names have the prefix": (
        "w.pth",
        saved({**under("module."), "0.bias": STATE["0.bias"]}),
        "does not fit",
    ),
    "a head beside the backbone": (
        "w.pth",
        saved({"state_dict": {**under("backbone."), "head.weight": torch.zeros(3)}}),
        "does not fit Sequential .*; but what lies under 'state_dict.backbone' fits: a key chooses it",
    ),
    "another protocol": (
        "w.pth",
        saved(STATE, pickle_protocol=4),
        "or is pickled in a way that is not torch.save's own",
    ),
    "another network under model": (
        "w.pth",
        saved({"model": nn.Linear(2, 2).state_dict()}),
        "under 'model', does not fit Sequential",
    ),
    "numbers and no tensors": (
        "w.pth",
        saved({"epoch": 3, "loss": 0.1}),
        "not a state dict: no tensor under epoch, loss",
    ),
    "a list": ("w.pth", saved([torch.zeros(1)]), "holds a list"),
    "one tensor": ("w.pth", saved(torch.zeros(1)), "holds a Tensor"),
    "a sparse tensor": (
        "w.pth",
        saved({**STATE, "0.weight": STATE["0.weight"].to_sparse()}),
        "0.weight is no array of real .*a sparse tensor",
    ),
    "a tensor without values": (
        "w.pth",
        saved({**STATE, "0.weight": STATE["0.weight"].to("meta")}),
        "0.weight is no array of real .*meta device",
    ),
    "complex numbers": (
        "w.pth",
        saved({**STATE, "0.weight": STATE["0.weight"].cfloat()}),
        "0.weight is no array of real .*complex64",
    ),
    "float8": (
        "w.pth",
        saved({**STATE, "0.weight": STATE["0.weight"].to(torch.float8_e5m2)}),
        "0.weight is no array of real .*float8",
    ),
    "one number as 400 GB": (
        "w.pth",
        expanded,
        r"0.weight \[100000000000\] in the file, \[8, 1, 3, 3\] in the network",
    ),
    "compressed, 16 MiB in it": (
        "w.pth",
        compressed,
        "is compressed, which torch.save never does; nothing was unpacked",
    ),
    "cut short": ("w.pth", short, "an archive that was cut short"),
    "100 GB of nothing": ("w.pth", sparse, "it has 95,367 MiB, and the network's weights are 0.0 MiB"),
    "dicts of dicts": ("w.pth", nested, "not a state dict: no tensor under a, b, c"),
    "a dict in itself": ("w.pth", in_itself, "does not fit"),
    "TorchScript": ("w.pth", scripted, "is a TorchScript archive, which is code; nothing was run"),
    "a zip of other files": (
        "w.pth",
        zipped({"x.pth": b"x"}),
        "is an archive of other files, x.pth; unpack it first",
    ),
    "empty": ("w.pth", holding(b""), "it is empty$"),
    "a text": ("w.pth", holding("grüße ".encode() * 100), TEXT),
    "a web page": ("w.pth", holding(b"\n<!DOCTYPE html><html>"), "it is a web page"),
    "a pointer of Git LFS": ("w.pth", holding(b"version https://git-lfs.github.com/spec/v1\n"), "Git LFS"),
    "gzip": ("w.pth", holding(gzip.compress(b"x")), "a gzip archive; unpack it first"),
    "tar": ("w.pth.tar", packed_tar, "a tar archive; unpack it first"),
    "HDF5": ("w.pth", holding(b"\x89HDF\r\n\x1a\n" + bytes(99)), "an HDF5 file, as Keras writes them"),
    "an image": ("w.npz", holding(b"\x89PNG\r\n\x1a\n" + bytes(99)), "an image"),
    "noise": ("w.pth", holding(bytes(range(1, 250))), "is nothing that torch.save wrote"),
    "half a zip": ("w.pth", holding(b"PK\x03\x04" + bytes(30)), "cannot be read as weights"),
    "npz: no array": ("w.npz", zipped({"0.weight.npy": b"hello"}), "0.weight is no array$"),
    "npz: text as an array": ("w.npz", lambda path: np.savez(path, **{"0.weight": "x"}), "missing|no array of real"),
    "npz: another file in it": (
        "w.npz",
        zipped({"0.weight.npy": header("(1,)") + bytes(4), "readme.md": b"x"}),
        "readme.md is no array$",
    ),
    "npz: objects": (
        "w.npz",
        of_objects,
        "0.weight holds Python objects, which could run code when read; nothing was run",
    ),
    "npz: 64 MiB in a small file": (
        "w.npz",
        unpacking,
        r"0.weight \[16777216\] in the file, \[8, 1, 3, 3\] in the network",
    ),
    "npz: a header of 400 GB": ("w.npz", zipped({"0.weight.npy": header("(10**11,)")}), "0.weight is no array$"),
    "npz: a shape of 400 GB": (
        "w.npz",
        zipped({"0.weight.npy": header("(100000000000,)")}),
        "0.weight is broken, its header speaks of 400000000000 bytes and there are 0",
    ),
    "npz: a text": ("w.npz", holding(b"hello"), TEXT),
    "npz: a pickle": (
        "w.npz",
        holding(pickle.dumps(Bomb())),
        "it is a pickle, which could run code when read; nothing was run",
    ),
    "npz: one array": ("w.npz", holding(header("(1,)") + bytes(4)), "it is a single array"),
    "safetensors: 100 GB claimed": ("w.safetensors", claiming, "cannot be read as weights"),
    "safetensors: a header of 2 ** 60 bytes": (
        "w.safetensors",
        lambda path: claiming(path, 16, 2**60),
        "cannot be read as weights",
    ),
    "safetensors: a text": ("w.safetensors", holding(b"hello"), TEXT),
    "a suffix that nobody reads": ("w.h5", holding(b"\x00\x01"), "weights are read from .safetensors, .npz, .pth"),
    "no file": ("w.pth", lambda path: None, "there is no such weights file"),
    "a folder": ("w.pth", Path.mkdir, "is a folder, not a file"),
    "a pipe": ("w.pth", os.mkfifo, r"is a pipe \(fifo\), not a file"),
    "a socket": ("w.pth", listening, "is a socket, not a file"),
    "a device": ("w.pth", lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    "a link to nothing": (
        "w.pth",
        lambda path: path.symlink_to("/gone/w.pth"),
        "is a link to /gone/w.pth, which is not there",
    ),
    "a link to itself": (
        "w.pth",
        lambda path: path.symlink_to(path),
        "cannot be read: Too many levels of symbolic links",
    ),
    "a file as a folder": ("w.pth/w.pth", lambda path: path.parent.write_bytes(b"x"), "there is no such weights file"),
    "a name that is too long": ("w" * 300 + ".pth", lambda path: None, "cannot be read: File name too long"),
}
"""Refused, and how."""

ELSEWHERE: dict[str, tuple[str, Make]] = {
    "safetensors called .pth": ("w.pth", lambda path: path.write_bytes(safetensors.torch.save(STATE))),
    "npz called .pth": ("w.pth", lambda path: path.write_bytes(npz())),
    ".bin of torch.save": ("pytorch_model.bin", saved(STATE)),
    ".ckpt of Lightning": ("last.ckpt", saved({"state_dict": under("model."), "epoch": 1})),
    "npz: of another byte order": ("w.npz", lambda path: np.savez(path, **as_arrays(">f4"))),
    "npz: of 16 bytes a number": ("w.npz", lambda path: np.savez(path, **as_arrays("g"))),
    "npz: by columns": ("w.npz", lambda path: np.savez(path, **{k: np.asfortranarray(v) for k, v in STATE.items()})),
    "the format before 1.6": ("w.pth", saved({"model": STATE}, _use_new_zipfile_serialization=False)),
}
"""Loaded: files of a name that says something else."""


def as_arrays(kind: str) -> dict[str, Any]:
    return {name: tensor.numpy().astype(kind) for name, tensor in STATE.items()}


def npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **{name: tensor.numpy() for name, tensor in STATE.items()})
    return file.getvalue()


def outcome(path: Path, key: str | None = None) -> tuple[bool, str]:
    """Whether a file was loaded as ``STATE``, and what was said."""
    made = network(9)
    try:
        told = load_weights(BACKEND, made, path, key=key) or ""
    except WeightsError as problem:
        before = network(9).state_dict()
        assert all(torch.equal(before[name], tensor) for name, tensor in made.state_dict().items())
        return False, str(problem)
    pairs = ((made.state_dict()[name], tensor) for name, tensor in STATE.items() if "tracked" not in name)
    assert all(torch.allclose(a, b, atol=0.02) for a, b in pairs)
    return True, told


def main() -> None:
    """Print what becomes of each file."""
    with tempfile.TemporaryDirectory() as root:
        cases: list[tuple[str, str, Make, str | None]] = [
            *((name, "w.pth", saved(content), None) for name, (content, _) in LOADED.items()),
            *((f"key {key}: {name}", "w.pth", saved(content), key) for name, (content, key, _) in KEYS.items()),
            *((name, file, make, None) for name, (file, make) in ELSEWHERE.items()),
            *((name, file, make, None) for name, (file, make, _) in REFUSED.items()),
        ]  # fmt: skip
        for number, (name, file, make, key) in enumerate(cases):
            path = Path(root) / str(number) / file
            (Path(root) / str(number)).mkdir()
            make(path)
            start = time.perf_counter()
            loaded, told = outcome(path, key)
            took = time.perf_counter() - start
            told = told.replace(str(Path(root) / str(number)), "...") or "(nothing to say)"
            sys.stdout.write(f"| {name} | {'loaded' if loaded else 'refused'} | {took:.2f} s | {told} |\n")


if __name__ == "__main__":
    main()
