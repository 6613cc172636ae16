"""The few public lines, used as the README uses them."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from anynet import BatchNorm2d, Conv2d, Linear, Module, ReLU, Sequential

import prunekit
from prunekit import PrunePlan, compensate, prune, recalibrate, shrink, trace
from prunekit.core.cost import price
from prunekit.core.data import DataError
from prunekit.core.pruning import PlanError
from prunekit.core.search.errors import BudgetError
from prunekit.core.weights import WeightsError
from prunekit.registry import Register, RegisterType

NAME = os.environ["PRUNEKIT_TEST_BACKEND"]
BACKEND = Register.get(RegisterType.BACKEND, NAME)()


def made(network, seed=0):
    return BACKEND.build(network, {}, seed)


def layers(network):
    return [*network.modules()] if NAME == "pytorch" else [cell for _, cell in network.cells_and_names()]


@pytest.fixture(scope="module")
def network():
    return made(Register.get(RegisterType.NETWORK, "ResNet8", NAME))


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    return [(rng.standard_normal((8, 3, 32, 32)).astype(np.float32), np.zeros(8)) for _ in range(3)]


IMAGES = np.zeros((1, 3, 32, 32), np.float32)


def test_the_lines_of_the_readme(network, batches):
    graph = trace(network, IMAGES, ignore=["linear"])
    assert "proven by values" in graph.table()
    plan = PrunePlan.uniform(graph, keep=0.5)
    small = prune(network, graph, plan)
    small = compensate(network, small, graph, plan, batches)
    small = recalibrate(small, batches)
    ((outputs, _),) = BACKEND.run(small, [(IMAGES, 0)])
    assert outputs.shape == (1, 10)
    shapes = BACKEND.weight_shapes(small)
    trained = [name for name in shapes if not re.search("running_|moving_|_tracked", name)]
    assert sum(math.prod(shapes[name]) for name in trained) == price(graph, plan).params


@pytest.mark.parametrize("budget", [0.7, 0.5, 0.2])
def test_shrink_meets_its_budget(network, batches, budget):
    before = {name: array.copy() for name, array in BACKEND.state_arrays(network).items()}
    small = shrink(network, IMAGES, budget=budget, batches=iter(batches))
    share = price(trace(small, IMAGES)).macs / price(trace(network, IMAGES)).macs
    assert budget - 0.03 < share <= budget
    assert all(np.array_equal(before[name], array) for name, array in BACKEND.state_arrays(network).items())
    assert not any(module.training for module in layers(small))


@pytest.mark.parametrize(
    "choice", [{"importance": "l1"}, {"algorithm": "uniform"}, {"importance": "random", "round_to": 4}]
)
def test_shrink_by_other_means(network, batches, choice):
    small = shrink(network, IMAGES, budget=0.5, batches=batches, **choice)
    assert price(trace(small, IMAGES)).macs <= 0.5 * price(trace(network, IMAGES)).macs
    if "round_to" in choice:
        assert {m.out_channels % 4 for m in layers(small) if type(m).__name__ == "Conv2d"} == {0}


BOXES = [np.zeros((count, 4)) for count in (1, 2, 3, 1)]
TARGETS = {
    "list of dicts": [{"boxes": boxes, "labels": np.zeros(len(boxes), int)} for boxes in BOXES],
    "dict of lists": {"boxes": BOXES, "labels": [np.zeros(len(boxes), int) for boxes in BOXES]},
    "list of [boxes, 5]": [np.zeros((len(boxes), 5)) for boxes in BOXES],
    "[boxes, 6], the image's number first": np.zeros((7, 6)),
    "boxes of all images and their counts": (np.zeros((7, 5)), np.array([1, 2, 3, 1])),
    "padded": {"image_id": np.arange(4), "boxes": np.zeros((4, 8, 4))},
    "none": None,
}


@pytest.fixture(scope="module")
def detector():
    layers = [(Conv2d, 3, 64, 3), (BatchNorm2d, 64), (ReLU,), (Conv2d, 64, 32, 3), (ReLU,), (Conv2d, 32, 4, 1)]
    return made(lambda: Sequential(*[layer(*sizes) for layer, *sizes in layers]))


@pytest.fixture(scope="module")
def shrunk_detector(detector):
    """Its arrays, shrunk with batches of four images, by their targets."""
    rng = np.random.default_rng(0)
    images = [rng.random((4, 3, 12, 12), np.float32) for _ in range(3)]
    return lambda target: BACKEND.state_arrays(shrink(detector, images[0][:1], 0.5, [(x, target) for x in images]))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_shrink_counts_images_whatever_the_form_of_the_targets(shrunk_detector, target):
    wanted, found = shrunk_detector(np.zeros(4, int)), shrunk_detector(target)
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], array) for name, array in wanted.items())


def test_shrink_keeps_what_is_ignored(network, batches):
    small = shrink(network, IMAGES, budget=0.8, batches=batches, ignore=["layer1.0.conv1", "layer2"])
    assert small.layer1[0].conv1.out_channels == 16
    assert small.layer2[0].conv1.out_channels == 32
    assert small.layer3[0].conv1.out_channels < 64


def test_budgets_out_of_reach(network, batches):
    with pytest.raises(BudgetError, match=r"budget 'flops <= 0.001' cannot be met: .* keeps 0\.\d+ to 1 of its flops"):
        shrink(network, IMAGES, budget=0.001, batches=batches)
    fixed = ["conv1", "layer1", "layer2", "layer3"]
    with pytest.raises(BudgetError, match="cannot be met"):
        shrink(network, IMAGES, budget=0.9, batches=batches, ignore=fixed)


@pytest.mark.parametrize("budget", [0, -1, 1.5])
def test_budgets_that_are_no_shares(network, batches, budget):
    with pytest.raises(ValueError, match="a budget is a share of the original, above 0 and at most 1"):
        shrink(network, IMAGES, budget=budget, batches=batches)


def test_mistakes_are_told(network):
    with pytest.raises(TypeError, match=r"dict is no network of a registered backend; there are mindspore"):
        trace({}, IMAGES)
    with pytest.raises(ValueError, match=r"no layer in a module 'fc'"):
        trace(network, IMAGES, ignore=["fc"])
    other = made(lambda: Sequential(Conv2d(3, 8, 3), ReLU(), Conv2d(8, 4, 3)))
    graph = trace(other, IMAGES)
    with pytest.raises(
        PlanError, match="another network: mid 0 is convolution 3 > 16, kernel 3, group 0 there, convolution 3 > 8"
    ):
        prune(other, graph, PrunePlan.uniform(trace(network, IMAGES), 0.5))


def test_a_bare_layer_is_a_network():
    graph = trace(made(lambda: Linear(4, 3)), np.zeros((2, 4), np.float32))
    assert graph.groups == ()
    assert prune(made(lambda: Linear(4, 3)), graph, PrunePlan.uniform(graph, 0.5)).weight.shape == (3, 4)


def test_outputs_without_tensors_are_refused():
    class Nothing(Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = Linear(4, 3)

        def forward(self, x):
            self.a(x)
            return {"loss": 3.0}

    with pytest.raises(ValueError, match="returned no tensor"):
        trace(Nothing(), np.zeros((2, 4), np.float32))


def test_names():
    assert set(dir(prunekit)) >= {"trace", "prune", "compensate", "recalibrate", "shrink", "load", "PrunePlan"}


SCRIPT = f"""
import sys
import numpy as np
sys.path[:0] = ["tests/plugins/backends/{NAME}", "tests/shared"]
from {"small" if NAME == "pytorch" else NAME}_nets import CASES
from prunekit import trace
from prunekit.plugins.backends.{NAME}.backend import {NAME.title()}Backend
from prunekit.model_zoo.cifar_resnet.{NAME} import ResNet8
seed = int(sys.argv[1])
for name in ("Dense", "ShuffleUnit", "SlicesInCode"):
    graph = trace(CASES[name].build(), CASES[name].inputs(batch=seed))
    print(graph.signature, graph.groups, [axis.units.tolist() for axis in graph.axes])
images = np.random.default_rng(seed).normal(size=(seed, 3, 32, 32)).astype(np.float32)
print(trace({NAME.title()}Backend().build(ResNet8, {{}}, seed), images).signature)
"""


def test_the_same_in_any_process(request):
    def run(seed):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(seed)],
            cwd=request.config.rootpath, env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    assert run(1) == run(3)


def _broken(network, end, value):
    name = next(name for name in BACKEND.state_arrays(network) if name.endswith(end))
    array = BACKEND.state_arrays(network)[name]
    array.flat[0] = value
    return BACKEND.with_state(network, {name: array}), re.escape(name)


@pytest.mark.parametrize("act", ["trace", "shrink", "recalibrate"])
def test_weights_and_data_that_are_not_finite_are_refused(network, batches, act):
    images, target = batches[0]
    bad = images.copy()
    bad[1, 0, 0, 0] = np.nan

    def call(network, images, batches):
        calls = {
            "trace": lambda: trace(network, images),
            "shrink": lambda: shrink(network, images[:1], 0.5, batches),
            "recalibrate": lambda: recalibrate(network, batches),
        }
        calls[act]()

    broken, name = _broken(network, ".weight", np.nan)
    with pytest.raises(WeightsError, match=rf"nothing can be computed with 1 tensor: {name} \(NaN\)"):
        call(broken, images, batches)
    place = "example_inputs" if act == "trace" else "batch 1, sample 1 of batches"
    with pytest.raises(DataError, match=f"{place}: NaN in inputs"):
        call(network, bad if act == "trace" else images, [(images, target), (bad, target)])


def test_activations_that_overflow_are_not_computed_with(network, batches):
    with pytest.raises(DataError, match=r"on the calibration data the inputs of the layer of .* are not finite"):
        shrink(network, batches[0][0][:1], 0.5, [(np.full_like(batches[0][0], 3e38), None)])
