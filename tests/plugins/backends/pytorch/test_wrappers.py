"""Networks in wrappers are pruned as without them, or it is said what to pass."""

from __future__ import annotations

import pytest
import torch
import torch.distributed
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from prunekit import PrunePlan, compensate, prune, recalibrate, shrink, trace
from prunekit.core.weights import read_weights
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.wrappers import bare
from prunekit.registry import PrunekitError

X = torch.rand(2, 3, 8, 8)
BATCHES = [(X.numpy(), 0)] * 2


def made() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3), nn.ReLU(), nn.Flatten(),
            nn.Linear(128, 5),
        ).eval()  # fmt: skip


def small_part() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()).eval()


# Made while this file is read: torch tells its own operators by the address of a Python object that may be gone
# (`torch._ops._refresh_packet`, once torch.compile has imported quantization); a list of a convolution that came to
# lie there would be taken for an operator, and the module could not be scripted.
SCRIPTED_OR_TRACED = {"script": torch.jit.script(made()), "trace": torch.jit.trace(made(), X)}
FROZEN = torch.jit.freeze(torch.jit.script(made()))
PARTS = {"script": torch.jit.script(small_part()), "trace": torch.jit.trace(small_part(), X)}


@pytest.fixture
def process_group(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


WRAPPERS = {
    "compiled": torch.compile,
    "parallel": nn.DataParallel,
    "distributed": DistributedDataParallel,
    "both": lambda network: torch.compile(DistributedDataParallel(network)),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_as_without_the_wrapper(name, process_group, tmp_path):
    network, wrapped, backend = made(), WRAPPERS[name](made()), PytorchBackend()
    graph, found = trace(network, X), trace(wrapped, X)
    assert found.signature == graph.signature and not found.frozen
    assert [layer.name for layer in found.layers] == [layer.name for layer in graph.layers]
    plan = PrunePlan.uniform(graph, 0.5)
    small = prune(network, graph, plan)
    for one, other in (
        (prune(wrapped, found, plan), small),
        (compensate(wrapped, small, found, plan, BATCHES), compensate(network, small, graph, plan, BATCHES)),
        (recalibrate(wrapped, BATCHES), recalibrate(network, BATCHES)),
        (shrink(wrapped, X, 0.5, BATCHES), shrink(network, X, 0.5, BATCHES)),
    ):
        assert type(one) is nn.Sequential and torch.equal(one(X), other(X))
    backend.save(wrapped, tmp_path / "w.pth")
    backend.load(network, read_weights(tmp_path / "w.pth", backend))
    assert bare(wrapped).training is False


@pytest.mark.parametrize("how", SCRIPTED_OR_TRACED)
def test_scripted_and_traced_networks(how):
    network = SCRIPTED_OR_TRACED[how]
    for attempt in (
        lambda: trace(network, X),
        lambda: shrink(nn.DataParallel(network), X, 0.5, BATCHES),
        lambda: recalibrate(network, BATCHES),
    ):
        with pytest.raises(PrunekitError, match=r"Sequential is scripted or traced.*: pass the network that it was"):
            attempt()
    with pytest.raises(PrunekitError, match="scripted or traced"):
        trace(FROZEN, X)


@pytest.mark.parametrize("how", [*PARTS, "compile"])
@pytest.mark.filterwarnings("ignore:Using `torch.compile")
def test_such_modules_inside_a_network(how):
    part = torch.compile(small_part()) if how == "compile" else PARTS[how]
    network = nn.Sequential(part, *made()).eval()
    graph = trace(network, X)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small(X).shape == (2, 5) and small[4].weight.shape == (4, 8, 3, 3)


def test_a_module_compiled_in_place():
    network = made()
    network.compile()
    assert trace(network, X).signature == trace(made(), X).signature


def test_sharded_networks():
    class FSDPModule:
        """As torch's, which ``fully_shard`` mixes in."""

    network = made()
    network[0].__class__ = type("FSDPConv2d", (FSDPModule, nn.Conv2d), {})
    with pytest.raises(PrunekitError, match="sharded over processes: prune the network first"):
        trace(network, X)
