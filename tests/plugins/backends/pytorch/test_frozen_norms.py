"""Which modules are frozen batch normalizations: by what they hold, not by their class."""

from __future__ import annotations

import torch
from torch import nn

from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.frozen_norms import frozen_norms, is_frozen_norm

BACKEND = PytorchBackend()


class Theirs(nn.Module):
    """A frozen normalization as any library may have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.ones(channels))


def test_by_their_buffers() -> None:
    theirs, trained, short = Theirs(3), Theirs(3), Theirs(3)
    del trained.weight
    trained.weight = nn.Parameter(torch.ones(3))
    short.running_var = torch.ones(1)
    assert is_frozen_norm(theirs)
    others = [trained, short, nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False), nn.InstanceNorm1d(3), nn.ReLU()]
    assert [is_frozen_norm(module) for module in others] == [False] * 6
    assert frozen_norms(nn.Sequential(theirs, nn.Sequential(nn.BatchNorm2d(3), theirs))) == [theirs]


def test_their_statistics_have_to_be_sound() -> None:
    net = nn.Sequential(Theirs(2))
    assert BACKEND.unsound_weights(net) == {}
    net[0].running_var[1] = -1
    net[0].running_mean[0] = float("nan")
    assert BACKEND.unsound_weights(net) == {"0.running_mean": "NaN", "0.running_var": "variances below 0"}
