"""What stands for the names that checkpoints have beside tensors: nothing of theirs is imported, made or called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from weight_file_cases import STATE, outcome

from prunekit.plugins.backends.pytorch.inert_names import PlainDict, Skipped, stand_ins

NAMED = {
    "easydict": ("EasyDict", dict),
    "pytorch_lightning.utilities.parsing": ("AttributeDict", dict),
    "pytorch_lightning.callbacks.model_checkpoint": ("ModelCheckpoint", object),
    "mmengine.logging.history_buffer": ("HistoryBuffer", object),
    "omegaconf.dictconfig": ("DictConfig", object),
}


@pytest.mark.parametrize("name", NAMED)
def test_classes_of_other_libraries_are_neither_imported_nor_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    of_library, base = NAMED[name]

    def __setstate__(self: Any, state: Any) -> None:
        raise AssertionError("something was run")

    made = type(
        of_library, (base,), {"__module__": name, "__setstate__": __setstate__, "__getstate__": lambda _: {"a": 1}}
    )
    with monkeypatch.context() as while_saved:
        for end in [place for place, letter in enumerate(f"{name}.") if letter == "."]:
            while_saved.setitem(sys.modules, name[:end], ModuleType(name[:end]))
        setattr(sys.modules[name], of_library, made)
        thing = made({"x": 1}) if base is dict else made()
        torch.save({"model": STATE, "beside": thing, "class": made, "callbacks": {made: 3}}, tmp_path / "w.pth")
        if base is dict:
            torch.save(made(model=made(STATE)), tmp_path / "weights_in_it.pth")
    assert outcome(tmp_path / "w.pth") == (True, "the weights under 'model'")
    assert name not in sys.modules
    if base is dict:
        assert outcome(tmp_path / "weights_in_it.pth")[0]


def test_stand_ins_keep_nothing_and_call_nothing() -> None:
    def called(*_: Any) -> None:
        raise AssertionError("called")

    made = Skipped(called, key=called)
    made.__setstate__({"a": called})
    assert vars(made) == {} and PlainDict(called) == {}
    assert {each for each, _ in stand_ins()} == {Skipped, PlainDict}


def test_nothing_that_could_run_code_is_on_the_list() -> None:
    """Names of functions and classes that are known from harmful pickles; none has a stand-in, for none is data."""
    names = {name for _, name in stand_ins()}
    harmful = (
        "builtins.eval", "builtins.exec", "builtins.getattr", "builtins.__import__", "os.system", "posix.system",
        "subprocess.Popen", "functools.partial", "operator.attrgetter", "importlib.import_module", "runpy.run_path",
        "numpy.load", "torch.load", "torch.hub.load", "webbrowser.open", "pickle.loads", "types.CodeType",
    )  # fmt: skip
    assert not names.intersection(harmful)
