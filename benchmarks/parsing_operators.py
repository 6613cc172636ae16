"""What torchvision lacks beside a torch that its own library was not built for: `nms` and `roi_align`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
ROI_ALIGN = (
    "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio, bool aligned) -> Tensor"
)
_alive: list[torch.library.Library] = []  # an operator is gone as soon as its library is


def import_torchvision() -> Any:
    """Import torchvision; where that fails for want of its operators, define them first.

    Returns:
        The module, whose detectors run on a CPU, in evaluation and in training.
    """
    try:
        import torchvision
    except RuntimeError as problem:
        if "torchvision::nms" not in str(problem):
            raise
        _define()
        import torchvision
        import torchvision.extension

        torchvision.extension._has_ops = lambda: True
        torchvision.ops.roi_align.__globals__["_has_ops"] = lambda: True
    return torchvision


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes that no better box overlaps by more than the threshold, best first.

    Args:
        boxes: ``(n, 4)``, corners x1, y1, x2, y2.
        scores: ``(n,)``.
        iou_threshold: Largest intersection over union with a box that stays.
    """
    x1, y1, x2, y2 = boxes.detach().numpy().astype(np.float64).T
    areas, order = (x2 - x1) * (y2 - y1), np.argsort(-scores.detach().numpy(), kind="stable")
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        width = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        height = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[~(shared > iou_threshold * (areas[best] + areas[rest] - shared))]
    return torch.tensor(kept, dtype=torch.int64)


def roi_align(
    maps: Tensor, rois: Tensor, scale: float, height: int, width: int, sampling: int, aligned: bool
) -> Tensor:
    """Bilinear means over each cell of each box (He et al. 2017, "Mask R-CNN"), as a weighted sum of map positions.

    Args:
        maps: ``(n, c, h, w)``.
        rois: ``(k, 5)``, the number of the map and the corners x1, y1, x2, y2.
        scale: Size of the maps by that of the boxes' coordinates.
        height: Cells along y.
        width: Cells along x.
        sampling: Points along each side of a cell.
        aligned: Whether coordinates are those of corners, half a pixel before the pixels' centres.

    Returns:
        ``(k, c, height, width)``.

    Raises:
        NotImplementedError: The number of points was left to the box's size; no detector of the zoo does.
    """
    if sampling <= 0:
        raise NotImplementedError("roi_align without a fixed number of points")
    count, channels, rows, columns = maps.shape
    shift = 0.5 if aligned else 0.0
    left, top, right, bottom = (rois[:, 1:] * scale - shift).unbind(1)
    y = _corners(top, bottom - top, height * sampling, rows, aligned)
    x = _corners(left, right - left, width * sampling, columns, aligned)
    first = rois[:, 0].long()[:, None, None] * rows * columns
    where, weight = [], []
    for y_index, y_weight in y:
        for x_index, x_weight in x:
            where.append(_cells(first + y_index[:, :, None] * columns + x_index[:, None, :], height, width, sampling))
            weight.append(_cells(y_weight[:, :, None] * x_weight[:, None, :], height, width, sampling))
    table = maps.permute(0, 2, 3, 1).reshape(count * rows * columns, channels)
    weights = torch.cat(weight, 1).to(maps.dtype) / sampling**2
    found = torch.nn.functional.embedding_bag(torch.cat(where, 1), table, per_sample_weights=weights, mode="sum")
    return found.view(len(rois), height, width, channels).permute(0, 3, 1, 2).contiguous()


def _corners(start: Tensor, length: Tensor, points: int, size: int, aligned: bool) -> list[tuple[Tensor, Tensor]]:
    """The two positions beside each point along one axis of the map, and the weight of each."""
    length = length if aligned else length.clamp(min=1.0)
    at = start[:, None] + (torch.arange(points, dtype=start.dtype) + 0.5) * (length / points)[:, None]
    inside = (at >= -1.0) & (at <= size)
    at = at.clamp(0.0, size - 1.0)
    low = at.floor().long()
    share = at - low
    return [(low, (1 - share) * inside), ((low + 1).clamp(max=size - 1), share * inside)]


def _cells(values: Tensor, height: int, width: int, sampling: int) -> Tensor:
    """``(k, height * sampling, width * sampling)`` as one row of points for each cell."""
    split = values.reshape(-1, height, sampling, width, sampling).transpose(2, 3)
    return split.reshape(-1, sampling * sampling)


def _define() -> None:
    library = torch.library.Library("torchvision", "DEF")
    _alive.append(library)
    for name in ("nms", "qnms"):
        library.define(name + NMS)
    library.define("roi_align" + ROI_ALIGN)
    library.impl("nms", nms, "CPU")
    library.impl("roi_align", roi_align, "CPU")
    torch.library.register_autograd("torchvision::roi_align", _backward, setup_context=_setup, lib=library)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    maps, rois, *ctx.options = inputs
    ctx.save_for_backward(rois)
    ctx.like = maps.new_empty(0).expand(0), maps.shape


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    (rois,), (empty, shape) = ctx.saved_tensors, ctx.like
    with torch.enable_grad():
        maps = empty.new_zeros(shape).requires_grad_()
        (found,) = torch.autograd.grad(roi_align(maps, rois, *ctx.options), maps, gradient)
    return found, None, None, None, None, None, None
