"""Errors of readers, without what would let a file run code."""

from __future__ import annotations

import pytest

from prunekit.core.read_errors import why_unreadable


@pytest.mark.parametrize(
    "text",
    [
        "Weights only load failed. This file can still be loaded, to do so you have two options",
        "Object arrays cannot be loaded when allow_pickle=False",
        "Cannot use ``weights_only=True`` with TorchScript archives",
        "This file contains pickled (object) data. If you trust the file you can load it unsafely",
        "Please use `torch.serialization.add_safe_globals([x])`",
    ],
)
def test_unsafe_advice_is_not_passed_on(text: str) -> None:
    told = why_unreadable(ValueError(text))
    assert told == "it holds Python objects, or what looks like them, which could run code when read; nothing was run"


def test_other_words_are_kept() -> None:
    assert why_unreadable(ValueError("the header is too large\nat x.cc:3")) == "the header is too large"
    assert why_unreadable(KeyError("x")) == "KeyError: 'x'"
    assert why_unreadable(EOFError()) == "EOFError"
