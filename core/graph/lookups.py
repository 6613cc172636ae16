"""Sets and dicts in which some code looks a number up: one that is not there is compared with none of their keys."""

from __future__ import annotations

import ast
import inspect
from collections.abc import KeysView
from types import FrameType
from typing import Any

_ASKING = ("get", "pop", "setdefault")
"""Methods of dicts that look something up."""
_MAKING = ("set", "frozenset", "dict", "tuple", "list", "OrderedDict")
"""What makes a collection of a display."""


def numbers_looked_up(expression: str, frame: FrameType) -> list[int]:
    """The integers among the keys of the set or dict that an expression looks something up in.

    Understands ``x in {8, 16}``, ``x in self.widths``, ``table[x]``, ``table.get(x)`` and ``{x} & {8}``, also where the
    keys are tuples; of any other expression there are none.

    Args:
        expression: The expression, or the line that it stands in.
        frame: Where it is evaluated.
    """
    return list(
        dict.fromkeys(
            number
            for node in ast.walk(_parsed(expression))
            for place in _places(node)
            for key in _keys(_value(place, frame))
            for number in (key if isinstance(key, tuple) else (key,))
            if type(number) is int
        )
    )


def _parsed(expression: str) -> ast.AST:
    for text in (expression, f"{expression} pass"):
        try:
            return ast.parse(text)
        except SyntaxError:  # a part of a statement, or no source
            continue
    return ast.Module([], [])


def _places(node: ast.AST) -> list[ast.expr]:
    """What may be a set or dict in which a part of the expression looks something up."""
    if isinstance(node, ast.Compare):
        pairs = zip(node.ops, node.comparators, strict=True)
        return [right for how, right in pairs if isinstance(how, (ast.In, ast.NotIn))]
    if isinstance(node, ast.Subscript):
        return [node.value]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.Sub)):
        return [node.left, node.right]
    asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKING
    return [node.func.value] if asks else []  # type: ignore[attr-defined]


def _keys(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (set, frozenset, dict, KeysView)) else []


def _value(node: ast.expr | None, frame: FrameType) -> Any:
    """What a display, a name, an attribute or the keys of one are; nothing is run for it."""
    if isinstance(node, (ast.Set, ast.Dict)):
        return {key for part in (node.keys if isinstance(node, ast.Dict) else node.elts) for key in _constants(part)}
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute):
        return inspect.getattr_static(_value(node.value, frame), node.attr, None)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys":
        return _value(node.func.value, frame)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKING and node.args:
        made = _constants(node.args[0])
        return set(made[0]) if made and isinstance(made[0], (tuple, list)) else _value(node.args[0], frame)
    return None


def _constants(node: ast.expr | None) -> list[Any]:
    try:
        return [ast.literal_eval(node)] if node is not None else []
    except (ValueError, TypeError):
        return []
