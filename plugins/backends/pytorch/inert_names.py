"""Names that checkpoints of trainings have beside their tensors, and what stands for each: something that does nothing.

None of them is looked up or imported. The file gets a stand-in that keeps nothing, so nothing of theirs can run.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class Skipped:
    """Stands for whatever a file has that is no tensor: keeps nothing, does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Skipped:
        """Made of anything, as the thing that it stands for."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __setstate__(self, state: object) -> None:
        """Forget what the file says of it."""


class PlainDict:
    """Stands for the dicts of libraries, which are filled after they are made: tensors in them can be weights."""

    def __new__(cls, *_: Any, **__: Any) -> OrderedDict[Any, Any]:  # type: ignore[misc]  # it makes no instances
        """An empty one of those that torch lets a file fill."""
        return OrderedDict()


_SKIPPED = {
    "argparse": ("Namespace",),
    "types": ("SimpleNamespace",),
    "datetime": ("datetime", "date", "time", "timedelta", "timezone"),
    "zoneinfo": ("ZoneInfo._unpickle",),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "uuid": ("UUID", "SafeUUID"),
    "pathlib": ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"),
    "pathlib._local": ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"),
    "builtins": ("frozenset", "range", "slice", "bool", "int", "float", "str", "list", "dict", "tuple", "object"),
    "copyreg": ("_reconstructor",),
    "numpy": ("ndarray", "dtype", "bool_", "float16", "float32", "float64", "int32", "int64", "uint8"),
    "numpy.core.multiarray": ("scalar", "_reconstruct"),
    "numpy._core.multiarray": ("scalar", "_reconstruct"),
    "numpy.core.numeric": ("_frombuffer",),
    "numpy._core.numeric": ("_frombuffer",),
    "torch.torch_version": ("TorchVersion",),
    "mmengine.logging.history_buffer": ("HistoryBuffer",),
    "pytorch_lightning.callbacks.model_checkpoint": ("ModelCheckpoint",),
    "pytorch_lightning.callbacks.early_stopping": ("EarlyStopping",),
    "omegaconf.base": ("ContainerMetadata", "Metadata"),
    "omegaconf.nodes": ("AnyNode",),
    "omegaconf.dictconfig": ("DictConfig",),
    "omegaconf.listconfig": ("ListConfig",),
    "typing": ("Any",),
}
_DICTS = {
    "collections": ("defaultdict",),
    "easydict": ("EasyDict",),
    "addict.addict": ("Dict",),
    "yacs.config": ("CfgNode",),
    "munch": ("Munch",),
    "pytorch_lightning.utilities.parsing": ("AttributeDict",),
    "lightning_fabric.utilities.data": ("AttributeDict",),
    "lightning.fabric.utilities.data": ("AttributeDict",),
    "mmengine.config.config": ("ConfigDict",),
    "mmcv.utils.config": ("ConfigDict",),
}


def stand_ins() -> list[tuple[Any, str]]:
    """What stands for each of the names, as ``torch.serialization.safe_globals`` takes it."""
    skipped = [(Skipped, f"{module}.{name}") for module, names in _SKIPPED.items() for name in names]
    return [*skipped, *((PlainDict, f"{module}.{name}") for module, names in _DICTS.items() for name in names)]
