"""Sets and dicts in which some code looks a number up: one that is not there is compared with none of their keys."""

from __future__ import annotations

import ast
import inspect
from types import FrameType
from typing import Any


def numbers_looked_up(expression: str, frame: FrameType) -> list[int]:
    """The integers among the keys of the set or dict that an expression looks something up in.

    Understands ``x in {8, 16}``, ``x in self.widths`` and ``table.get(x)``; of any other expression there are none.

    Args:
        expression: The expression.
        frame: Where it is evaluated.
    """
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:  # a part of a statement, or no source
        return []
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        found = _value(node.comparators[0], frame)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        found = _value(node.func.value, frame)
    else:
        return []
    return [key for key in found if type(key) is int] if isinstance(found, (set, frozenset, dict)) else []


def _value(node: ast.expr | None, frame: FrameType) -> Any:
    """What a display, a name or an attribute is; nothing is run for it."""
    if isinstance(node, (ast.Set, ast.Dict)):
        keys = node.elts if isinstance(node, ast.Set) else node.keys
        return {key.value for key in keys if isinstance(key, ast.Constant)}
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute):
        return inspect.getattr_static(_value(node.value, frame), node.attr, None)
    return None
