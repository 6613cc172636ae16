"""Complex numbers, frequencies, and numbers that are rounded as if they were integers."""

from __future__ import annotations

import pytest
import torch
from one_operator import One, held_against_oracles
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.testing import assert_exact


class Spectral(nn.Module):
    """A layer of a Fourier neural operator: complex weights on the lowest frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.width, self.weight = 8, nn.Parameter(torch.randn(8, 8, 3, 3, dtype=torch.cdouble) / 8)

    def forward(self, x):
        found = torch.fft.rfft2(x)
        out = torch.zeros(x.shape[0], self.width, *found.shape[2:], dtype=found.dtype)
        out[:, :, :3, :3] = torch.einsum("bixy,ioxy->boxy", found[:, :, :3, :3], self.weight)
        return torch.fft.irfft2(out, s=x.shape[-2:])


class FourierUnit(nn.Module):
    """Of a fast Fourier convolution: real and imaginary parts are channels of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 1)

    def forward(self, x):
        batch = x.shape[0]
        found = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        found = torch.stack((found.real, found.imag), dim=-1).permute(0, 1, 4, 2, 3).contiguous()
        found = self.conv(found.view(batch, -1, *found.size()[3:])).relu()
        found = found.view(batch, -1, 2, *found.size()[2:]).permute(0, 1, 3, 4, 2).contiguous()
        return torch.fft.irfftn(torch.complex(found[..., 0], found[..., 1]), s=x.shape[-2:], dim=(-2, -1), norm="ortho")


def quantized(axis):
    """Rounded by a step for each channel."""

    def between(m, x):
        return torch.fake_quantize_per_channel_affine(x, m.steps.float(), m.zeros.int(), axis, -8, 7)

    return between


def buffers():
    return {"steps": nn.Parameter(torch.rand(8) * 0.1 + 0.1), "zeros": nn.Parameter(torch.zeros(8))}


CASES = {
    "fft in space": One(lambda m, x: torch.fft.fft2(x).abs() + x),
    "rfft and back": One(lambda m, x: torch.fft.irfft2(torch.fft.rfft2(x, norm="ortho") * 0.5, s=(6, 6), norm="ortho")),
    "phase": One(lambda m, x: torch.fft.fft(x).angle().sin() * x),
    "conj": One(lambda m, x: (torch.fft.fft(x, dim=2).conj() * torch.fft.fft(x)).real),
    "fftshift": One(lambda m, x: torch.fft.fftshift(torch.fft.fft2(x), dim=(-2, -1)).imag),
    "fft of channels": One(lambda m, x: torch.fft.fft(x, dim=1).real, free=0, reason="_fft_r2c in the network mixes"),
    "view_as_real": One(lambda m, x: torch.view_as_real(torch.fft.fft2(x))[..., 0]),
    "view_as_complex": One(lambda m, x: torch.view_as_complex(torch.stack([x, 2 * x], -1)).abs()),
    "pairs of channels": One(
        lambda m, x: (
            torch.view_as_complex(x.permute(0, 2, 3, 1).reshape(2, 6, 6, -1, 2).contiguous()).abs().permute(0, 3, 1, 2)
        ),
        4,
    ),
    "polar": One(lambda m, x: torch.polar(x.abs(), x).real),
    "neural operator": One(
        lambda m, x: m.skip(x) + m.spectral(x), held={"spectral": Spectral, "skip": lambda: nn.Conv2d(8, 8, 1)}
    ),
    "Fourier unit": One(lambda m, x: m.unit(x), held={"unit": FourierUnit}),
    "quantized": One(lambda m, x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -8, 7)),
    "quantized by a tensor": One(
        lambda m, x: torch.fake_quantize_per_tensor_affine(
            x, torch.tensor(0.1), torch.tensor(0, dtype=torch.int32), -8, 7
        )
    ),
    "quantized by channel": One(quantized(1), held=buffers()),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_oracles(CASES[name])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("observing", [True, False])
def test_training_for_quantization(observing):
    """Weights and activations rounded in the forward, by steps for each channel of a weight."""
    quantization = torch.ao.quantization
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.Flatten(), nn.Linear(6 * 16, 3))
        body.qconfig = quantization.get_default_qat_qconfig("fbgemm")
        network = quantization.prepare_qat(body.train())
        inputs = torch.randn(2, 3, 8, 8)
        network(inputs)
    if not observing:
        network.apply(quantization.disable_observer)
    graph = trace(network.eval(), inputs)
    assert [group.size for group in graph.groups] == [8, 6] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small[0].weight_fake_quant.scale.shape == small[0].weight_fake_quant.zero_point.shape == (4,)
    assert assert_exact(network, inputs, graph=graph, tolerance=0.05).effect > 0.05  # in steps of an eighth bit
    small.train()(inputs)
