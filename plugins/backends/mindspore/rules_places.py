"""MindSpore's operators that look up or write places by number: what each does to channels, in neutral kinds."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor

from prunekit.core.graph.attributes import Elementwise, Expand, Index, Permute, Pool, Reduce, Reshape
from prunekit.core.graph.symbolic_integers import origin_of
from prunekit.core.graph.tracked_sizes import Literal
from prunekit.core.recording import axis_of
from prunekit.core.recording.decompositions import written_along
from prunekit.plugins.backends.mindspore.call import Call


def look_up(call: Call) -> None:
    """Positions of one axis by a list of places."""
    axis, x, out = axis_of(int(call.any("axis", "dim", default=0)), call.x.ndim), call.x, call.out
    new = out.ndim - x.ndim + 1  # axes that the places have
    moved = {k: k if k < axis else k + new - 1 for k in range(x.ndim) if k != axis}
    call.unary(Index(moved=moved))


def gather(call: Call) -> None:
    """For each element one place of an axis, and of the other axes as many as there are places given for."""
    x, places = call.x, call["index"]
    axis = axis_of(int(call.any("dim", "axis")), x.ndim)
    whole = [k for k in range(x.ndim) if k != axis and places.shape[k] == x.shape[k]]
    operands, picked = [call.number(x), call.number(places)], call.between(places.shape)
    call.add(Index(moved={k: k for k in whole}), operands[:1], [picked])
    call.add(Elementwise(does="copy"), [picked, operands[1]], call.first())


def look_up_nd(call: Call) -> None:
    """Entries whose first places are looked up."""
    width = call["indices"].shape[-1]
    new = call["indices"].ndim - 1
    call.unary(Index(moved={k: k - width + new for k in range(width, call.x.ndim)}))


def embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    call.add(Index(moved={1: call.out.ndim - 1}), [call.number(call["weight"])], call.first())


def scatter(call: Call) -> None:
    """Values are put in, or added to, places of one axis, one place given for each of them."""
    x = call.x
    axis = axis_of(int(call.any("axis", "dim", default=0)), x.ndim)
    found = (call.any("indices", "index"), call.any("updates", "src"))
    values = [value for value in found if isinstance(value, Tensor) and value.ndim]
    written_along(call, x, axis, values, call.first)


def index_add(call: Call) -> None:
    """Parts are put in, or added to, places of one axis, one place given for each part."""
    x, source = call.x, call.any("input_y", "source", "tensor")
    axis = axis_of(int(call.any("axis", "dim")), x.ndim)
    written_along(call, x, axis, [source] if isinstance(source, Tensor) else [], call.first)


def scatter_rows(call: Call) -> None:
    """Parts are put in, or added to, places of the first axes."""
    x, whole = call.x, _parts(call, call["indices"], call["updates"])
    looked = call["indices"].shape[-1]
    left = call.between([1 if k < looked else n for k, n in enumerate(x.shape)])
    call.add(Reduce(axes=tuple(range(looked)), keepdim=True, over="values"), [call.number(x)], [left])
    call.add(Elementwise(), [call.number(x), left, whole], call.first())


def scattered(call: Call) -> None:
    """Parts are put in places of the first axes of a tensor of zeros, whose sizes the code passed."""
    whole, shape = _parts(call, call["indices"], call["updates"]), call.out.shape
    passed: Any = call.api_call.argument(2, "shape") if call.api_call.name == "scatter_nd" else None
    sizes = list(passed) if isinstance(passed, (tuple, list)) and tuple(passed) == tuple(shape) else list(shape)
    looked = call["indices"].shape[-1]
    origins = [None if k < looked else origin_of(size) for k, size in enumerate(sizes)]
    call.add(Expand(origins=tuple(origins)), [whole], call.first())


def _parts(call: Call, indices: Any, updates: Any) -> int:
    """Parts as they lie along their own axes; how many there are stays."""
    given = indices.ndim - 1
    whole = call.between(updates.shape[given:])
    call.add(Reduce(axes=tuple(range(given)), keepdim=False, over="values"), [call.number(updates)], [whole])
    return whole


def segments(call: Call) -> None:
    """Rows added up by the number that each is given."""
    given = call["segment_ids"].ndim
    call.unary(Index(moved={k: k - given + 1 for k in range(given, call.x.ndim)}))


def diagonal(call: Call) -> None:
    """The places of two axes that lie on a diagonal, along a new last axis."""
    ndim = call.x.ndim
    two = [axis_of(int(call[name]), ndim) for name in ("dim1", "dim2")]
    rest = [k for k in range(ndim) if k not in two]
    call.unary(Index(moved={axis: place for place, axis in enumerate(rest)}))


def triangle(call: Call) -> None:
    """Zero above or below a diagonal of the last two axes."""
    call.unary(Pool(axes=(call.x.ndim - 2, call.x.ndim - 1)))


def space_to_depth(call: Call) -> None:
    """Places become channels: C x Hr x Wr to r r C x H x W."""
    x, factor = call.x, int(call["block_size"])
    batch, channels, height, width = x.shape
    divided = call.between((batch, channels, height // factor, factor, width // factor, factor))
    moved = call.between((batch, factor, factor, channels, height // factor, width // factor))
    _moved(call, divided, (), (0, 3, 5, 1, 2, 4), moved)


def depth_to_space(call: Call) -> None:
    """Channels become places: r r C x H x W to C x Hr x Wr."""
    x, factor = call.x, int(call["block_size"])
    batch, channels, height, width = x.shape
    left, literal = channels // factor**2, Literal(factor)
    divided = call.between((batch, factor, factor, left, height, width))
    moved = call.between((batch, left, height, factor, width, factor))
    _moved(call, divided, (None, literal, literal, None, None, None), (0, 3, 4, 1, 5, 2), moved)


def _moved(call: Call, divided: int, origins: Any, order: tuple[int, ...], moved: int) -> None:
    """Axes divided, put in another order and folded again."""
    call.add(Reshape(origins=origins), [call.number(call.x)], [divided])
    call.add(Permute(order=order), [divided], [moved])
    call.add(Reshape(), [moved], call.first())
