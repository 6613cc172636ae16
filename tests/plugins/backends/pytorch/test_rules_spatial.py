"""Operators that mix places of maps: unpooling, sampling, regions, convolutions that bend."""

from __future__ import annotations

import pytest
import torch
from one_operator import One, held_against_oracles
from torch import nn
from torch.nn import functional

_library = torch.library.Library("torchvision", "FRAGMENT")  # the operators that torchvision brings, by their schemas
_DEFORM = (
    "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h,"
    " SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups,"
    " SymInt offset_groups, bool use_mask) -> Tensor"
)
_PARTS = (
    "ps_roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio) -> (Tensor, Tensor)"
)


def deform(x, weight, offset, mask, bias, sh, sw, ph, pw, dh, dw, groups, parts, use_mask):
    """A kernel of one place: each channel is read where the offsets of its part say."""
    h, w = x.shape[2:]
    rows, columns = torch.meshgrid(*(torch.arange(k, dtype=x.dtype) for k in (h, w)), indexing="ij")
    found = []
    for part, own in enumerate(x.chunk(parts, 1)):
        places = torch.stack([columns + offset[:, 2 * part + 1], rows + offset[:, 2 * part]], -1)
        places = (places + 0.5) * 2 / torch.tensor([w, h]) - 1
        found.append(functional.grid_sample(own, places, align_corners=False) * mask[:, part : part + 1])
    return functional.conv2d(torch.cat(found, 1), weight, bias, groups=groups)


def parts(x, rois, scale, height, width, ratio):
    """Each bin the mean of its own channel over the whole map."""
    means = x.mean((2, 3)).reshape(x.shape[0], -1, height, width)
    return means[rois[:, 0].long()], torch.zeros(len(rois))


for schema, kernel in ((_DEFORM, deform), (_PARTS, parts)):
    name = schema.partition("(")[0]
    if not hasattr(torch.ops.torchvision, name):
        _library.define(schema)
        _library.impl(name, kernel, "CompositeExplicitAutograd")


class Deformable(nn.Module):
    def __init__(self, groups: int = 1, parts: int = 1) -> None:
        super().__init__()
        self.offset, self.mask = nn.Conv2d(8, 2 * parts, 1), nn.Conv2d(8, parts, 1)
        self.weight, self.bias = nn.Parameter(torch.randn(8, 8 // groups, 1, 1)), nn.Parameter(torch.randn(8))
        self.groups, self.parts = groups, parts

    def forward(self, x):
        return torch.ops.torchvision.deform_conv2d(
            x, self.weight, self.offset(x), self.mask(x).sigmoid(), self.bias, 1, 1, 0, 0, 1, 1, self.groups,
            self.parts, True
        )  # fmt: skip


def unpooled(m, x):
    small, places = functional.max_pool2d(x, 2, return_indices=True)
    return functional.max_unpool2d(small * 2, places, 2)


def unpooled_elsewhere(m, x):
    """As in SegNet: the places that another branch found."""
    _, places = functional.max_pool2d(m.other(x), 2, return_indices=True)
    return functional.max_unpool2d(functional.avg_pool2d(x, 2), places, 2)


def sampled(m, x):
    grid = m.offsets(x).permute(0, 2, 3, 1).tanh()
    return functional.grid_sample(x, grid, align_corners=False)


def transformed(m, x):
    theta = m.theta(x.mean((2, 3))).view(-1, 2, 3)
    return functional.grid_sample(
        x, functional.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False
    )


def volume(f):
    """Something done to a map of three dimensions."""
    return lambda m, x: f(m, x[:, :, None].expand(-1, -1, 4, -1, -1) * torch.arange(1.0, 5)[:, None, None]).mean(2)


CASES = {
    "max_unpool2d": One(unpooled),
    "max_unpool2d of a picture": One(lambda m, x: torch.stack([unpooled(m, part) for part in x])),
    "max_unpool2d by another branch": One(unpooled_elsewhere, held={"other": lambda: nn.Conv2d(8, 8, 1)}),
    "max_unpool3d": One(
        volume(lambda m, x: functional.max_unpool3d(*functional.max_pool3d(x, 2, return_indices=True), 2))
    ),
    "fractional": One(
        lambda m, x: functional.fractional_max_pool2d(x, 2, 3, _random_samples=x.new_full((2, x.shape[1], 2), 0.5))
    ),
    "nearest-exact": One(lambda m, x: functional.interpolate(x, scale_factor=2, mode="nearest-exact")),
    "nearest-exact along one axis": One(
        lambda m, x: functional.interpolate(x.flatten(2), 72, mode="nearest-exact").view(2, -1, 12, 6)
    ),
    "grid_sample": One(sampled, held={"offsets": lambda: nn.Conv2d(8, 2, 1)}),
    "grid_sample of a volume": One(
        volume(
            lambda m, x: functional.grid_sample(x, torch.zeros(2, 4, 6, 6, 3, dtype=x.dtype) + 0.1, align_corners=False)
        )
    ),
    "affine_grid": One(transformed, held={"theta": lambda: nn.Linear(8, 6)}),
    "deform_conv2d": One(lambda m, x: m.bent(x), held={"bent": Deformable}),
    "deform_conv2d in groups": One(lambda m, x: m.bent(x), held={"bent": lambda: Deformable(2)}),
    "deform_conv2d in parts": One(lambda m, x: m.bent(x), held={"bent": lambda: Deformable(1, 2)}),
    "ps_roi_align": One(
        lambda m, x: (
            x
            + torch.ops.torchvision.ps_roi_align(
                torch.cat([x, -x, x * 2, x * 3], 1).view(2, 4, -1, 6, 6).transpose(1, 2).flatten(1, 2),
                torch.zeros(2, 5, dtype=x.dtype),
                1.0,
                2,
                2,
                1,
            )[0].mean((2, 3), keepdim=True)
        )
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_oracles(CASES[name])
