"""Every check catches a backend that breaks its promise, and says how."""

from __future__ import annotations

import pickle
import random
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from broken_backends import BROKEN, Pruning, Recording, breaks, changed

from prunekit.core.graph.attributes import Opaque
from prunekit.core.graph.kinds import Kind
from prunekit.core.pruning.moments import Moments
from prunekit.core.testing import conformance, random_plan
from prunekit.core.testing.conformance.in_numpy import SUBJECT
from prunekit.core.testing.fake_backend import FakeBackend
from prunekit.core.testing.fake_framework import Tape

BY_NAME = {check.__name__: check for check in conformance.CHECKS}


@breaks("build_is_seeded", "built again from the same seed: a.weight differs")
class Unseeded(FakeBackend):
    def build(self, network, params, seed):
        return super().build(network, params, np.random.default_rng().integers(1 << 30))


@breaks("build_is_seeded", "another seed gives the same weights")
class AlwaysTheSameSeed(FakeBackend):
    def build(self, network, params, seed):
        return super().build(network, params, 0)


@breaks("build_is_seeded", "built for 7 classes")
class WithoutParameters(FakeBackend):
    def build(self, network, params, seed):
        return super().build(network, {}, seed)


@breaks("build_leaves_randomness_alone", "changed NumPy's random numbers")
class SeedsNumPy(FakeBackend):
    def build(self, network, params, seed):
        np.random.seed(seed)
        return super().build(network, params, seed)


@breaks("build_leaves_randomness_alone", "changed Python's random numbers")
class DrawsFromPython(FakeBackend):
    def train_once(self, network, inputs):
        random.random()
        super().train_once(network, inputs)


@breaks("networks_are_in_evaluation_mode", "build returned a network in training mode")
class BuildsForTraining(FakeBackend):
    def build(self, network, params, seed):
        made = super().build(network, params, seed)
        made.train()
        return made


@breaks("networks_are_in_evaluation_mode", "prune returned a network in training mode")
class PrunesForTraining(Pruning):
    def altered(self, small, network):
        small.train(network.training)
        return small


@breaks("networks_are_in_evaluation_mode", "recalibrate returned a network in training mode")
class RecalibratesForTraining(FakeBackend):
    def recalibrate(self, network, batches):
        made = super().recalibrate(network, batches)
        made.train()
        return made


@breaks("modules_are_named_by_class", "no Convolution among the classes")
class OnlyTheTop(FakeBackend):
    def module_classes(self, network):
        return frozenset({type(network).__name__})


@breaks("state_is_a_copy", "writing into the arrays of state changed the network")
class StateIsAView(FakeBackend):
    def state_arrays(self, network):
        return network.arrays()


@breaks("state_is_a_copy", "state lacks the statistics")
class NoBuffers(FakeBackend):
    def state_arrays(self, network):
        return {name: array.copy() for name, array in network.arrays(buffers=False).items()}


@breaks("unsound_weights_are_named", "unsound_weights names .* of a sound network")
class FindsAllUnsound(FakeBackend):
    def unsound_weights(self, network):
        return dict.fromkeys(network.arrays(), "NaN")


@breaks("unsound_weights_are_named", "inf in .*: unsound_weights names")
class TakesInfinities(FakeBackend):
    def unsound_weights(self, network):
        return {name: "NaN" for name, array in network.arrays().items() if np.isnan(array).any()}


@breaks("with_state_makes_a_copy", "with_state changed the network that it was given: a.weight differs")
class WithStateInPlace(FakeBackend):
    def with_state(self, network, arrays):
        for name, array in arrays.items():
            network.arrays()[name][...] = array
        return network


@breaks("with_state_makes_a_copy", "the copy with another a.weight: a.weight differs")
class ForgetsState(FakeBackend):
    def with_state(self, network, arrays):
        return super().with_state(network, {name: array for name, array in arrays.items() if name != "a.weight"})


@breaks("temporary_parameters_are_restored", "holding, after it: a.weight differs")
class HoldsForEver(FakeBackend):
    @contextmanager
    def temporary_parameters(self, network, arrays):
        for name, array in arrays.items():
            network.arrays()[name][...] = array
        yield


@breaks("temporary_parameters_are_restored", "holding, after an exception inside it")
class HoldsAfterAnException(FakeBackend):
    @contextmanager
    def temporary_parameters(self, network, arrays):
        own, before = network.arrays(), self.state_arrays(network)
        for name, array in arrays.items():
            own[name][...] = array
        yield
        for name in arrays:
            own[name][...] = before[name]


@breaks("temporary_parameters_are_restored", "holding, after it")
class RestoresRoughly(FakeBackend):
    @contextmanager
    def temporary_parameters(self, network, arrays):
        with super().temporary_parameters(network, arrays):
            yield
        for name in arrays:
            network.arrays()[name][...] *= 1 + 1e-15


@breaks("weights_survive_a_file", "loaded from a .safetensors file: a.weight differs")
class SavesHalf(FakeBackend):
    def save(self, network, path):
        rounded = {name: array.astype(np.float32) for name, array in network.arrays().items()}
        super().save(self.with_state(network, rounded), path)


@breaks("weights_survive_a_file", "weight_shapes is not what save wrote")
class OtherShapes(FakeBackend):
    def weight_shapes(self, network):
        return {**super().weight_shapes(network), "num_batches_tracked": ()}


@breaks("weights_that_do_not_fit_are_refused", "load accepts weights without one array")
class LoadsWhatIsThere(FakeBackend):
    def load(self, network, arrays):
        super().load(network, {**network.arrays(), **arrays})


@breaks("weights_that_do_not_fit_are_refused", "load without one array changed the network")
class LoadsThenChecks(FakeBackend):
    def load(self, network, arrays):
        for name, array in network.arrays().items():
            if name in arrays and arrays[name].shape == array.shape:
                array[...] = arrays[name]
        super().load(network, arrays)


@breaks("no_file_is_unpickled", "read_weights ran what a pickle under .pkl holds")
class UnpicklesWeights(FakeBackend):
    weight_suffixes = (".pkl",)

    def read_weights(self, path):
        return pickle.loads(path.read_bytes())


@breaks("no_file_is_unpickled", "read_inputs ran what a pickle under .pkl holds")
class UnpicklesInputs(FakeBackend):
    def read_inputs(self, path):
        return np.load(path, allow_pickle=True)


@breaks("record_follows_every_tensor", r"outputs of \[\] instead of \[\(2, 5\)\]")
class NoOutputs(Recording):
    def altered(self, operators, network):
        operators.outputs = []
        return operators


@breaks("record_follows_every_tensor", "no operator reads .*weight")
class NamelessParameters(Recording):
    def altered(self, operators, network):
        operators.tensors = [
            replace(t, name=None, constant=t.constant or t.name is not None) for t in operators.tensors
        ]
        return operators


@breaks("record_follows_every_tensor", "reads a tensor that nothing before it made")
class LosesOperators(Recording):
    def altered(self, operators, network):
        operators.operators = [o for o in operators.operators if o.kind is not Kind.ELEMENTWISE]
        return operators


@breaks("record_knows_the_kinds", "operators .*'opaque'.* instead of")
class KnowsNoSplit(Recording):
    def altered(self, operators, network):
        return changed(operators, Kind.SPLIT, attributes=Opaque(reason="no rule"))


@breaks("record_names_modules_and_calls", r"3 modules run layers, but named are \['', '', ''\]")
class NoModules(Recording):
    def altered(self, operators, network):
        for kind in Kind:
            changed(operators, kind, module="")
        return operators


@breaks(
    "record_names_modules_and_calls", r"layers run in the modules \['head', 'b', 'a'\] instead of \['a', 'b', 'head'\]"
)
class OtherModules(Recording):
    def altered(self, operators, network):
        layers = [o for o in operators.operators if o.kind in (Kind.CONVOLUTION, Kind.LINEAR)]
        other = dict(zip(map(id, layers), [o.module for o in reversed(layers)], strict=True))
        operators.operators = [replace(o, module=other.get(id(o), o.module)) for o in operators.operators]
        return operators


@breaks("record_names_modules_and_calls", r"calls of convolution are numbered \[0, 0\], not \[0, 1\]")
class DoesNotCount(Recording):
    def altered(self, operators, network):
        return changed(operators, Kind.CONVOLUTION, call=0)


@breaks("record_weighs_parameters", "magnitudes of a.weight along axis 0 are not its L1 norms")
class WeighsSquares(Recording):
    def altered(self, operators, network):
        weight = network.arrays()["a.weight"] if "a.weight" in network.arrays() else np.ones((8, 1))
        operators.magnitudes["a.weight"] = {0: (weight**2).sum(axis=(1, 2, 3))}
        return operators


@breaks("record_weighs_parameters", "nearly zero are none")
class FindsNothingAsleep(Recording):
    def altered(self, operators, network):
        operators.near_zero = []
        return operators


@breaks("record_repeats_itself", "notes are others")
class RecordsDifferently(Recording):
    def altered(self, operators, network):
        operators.notes.append(f"recorded {random.SystemRandom().random()}")
        return operators


@breaks("record_repeats_itself", "record changed the mode")
class RecordsAndEvaluates(Recording):
    def altered(self, operators, network):
        network.train(False)
        return operators


@breaks("leaf_modules_are_one_operator", "0 operators for 2 modules Convolution")
class IgnoresCustom(FakeBackend):
    def record(self, network, inputs, leaf_modules=None):
        return super().record(network, inputs)


@breaks("graphs_are_golden", "layers .*'convolution 3 > 8, kernel 3, kept'.* instead of")
class KnowsNoSums(Recording):
    def altered(self, operators, network):
        return changed(operators, Kind.ELEMENTWISE, attributes=Opaque(reason="no rule"))


@breaks("graphs_are_golden", "739.0 parameters instead of 711")
class BuffersAreParameters(Recording):
    def altered(self, operators, network):
        operators.parameter_shapes = {name: array.shape for name, array in network.arrays().items()}
        return operators


@breaks("parsing_proves_every_structure", "mid 0: the proof failed: values differ")
class ConcatsBackwards(Recording):
    def altered(self, operators, network):
        operators.operators = [
            replace(o, inputs=o.inputs[::-1]) if o.kind is Kind.CONCAT else o for o in operators.operators
        ]
        return operators


@breaks("pruned_equals_masked", "outputs differ by")
class CutsOtherBuffers(Pruning):
    def altered(self, small, network):
        if hasattr(small, "norm_a"):
            small.norm_a.mean = small.norm_a.mean[::-1].copy()
        return small


@breaks("pruned_equals_masked", "masked changed the network")
class MasksInPlace(FakeBackend):
    def run_masked(self, network, graph, plan, inputs, reference=None):
        keep = plan.flags(graph)
        for axis in graph.axes:
            gone = ~np.append(keep, True)[axis.units]
            np.moveaxis(network.arrays()[axis.parameter], axis.axis, 0)[gone] = 0
        return super().run_masked(network, graph, plan, inputs, reference)


@breaks("pruned_equals_masked", "without channels, the outputs are the same")
class RemovesNothing(FakeBackend):
    def prune(self, network, graph, plan):
        return self.with_state(network, {})

    def run_masked(self, network, graph, plan, inputs, reference=None):
        ((outputs, _),) = self.run(network, [(inputs, 0)])
        return outputs


@breaks("operators_are_compared", "masked did not come by all operators")
class MasksUnseen(FakeBackend):
    def run_masked(self, network, graph, plan, inputs, reference=None):
        return super().run_masked(network, graph, plan, inputs)


@breaks("operators_are_compared", "no operator of the pruned network was compared")
class ComparesNothing(FakeBackend):
    def run_compared(self, network, inputs, reference):
        ((outputs, _),) = self.run(network, [(inputs, 0)])
        return outputs


@breaks("operators_are_compared", "differs by")
class ComparesOthers(FakeBackend):
    def run_compared(self, network, inputs, reference):
        return super().run_compared(network, inputs + 1, reference)


@breaks("operators_are_compared", "nothing is said of the effect")
class WeighsNothing(FakeBackend):
    def run_masked(self, network, graph, plan, inputs, reference=None):
        outputs = super().run_masked(network, graph, plan, inputs, reference)
        if reference is not None:
            reference.effects.clear()
        return outputs


@breaks("operators_are_compared", "no operator of the pruned network differs")
class ComparesWithItself(FakeBackend):
    def run_compared(self, network, inputs, reference):
        outputs = super().run_compared(network, inputs, reference)
        reference.differences = dict.fromkeys(reference.differences, 0.0)
        return outputs


@breaks("pruning_takes_what_the_plan_says", "pruned to .* units: .*weight differs")
class KeepsFirst(FakeBackend):
    """It keeps as many channels as the plan, but the first ones."""

    def prune(self, network, graph, plan):
        keep = {gid: tuple(range(len(kept))) for gid, kept in plan.keep.items()}
        return super().prune(network, graph, replace(plan, keep=keep))


@breaks("pruning_takes_what_the_plan_says", "pruned to .* units: .* differs")
class OneTooMany(FakeBackend):
    def prune(self, network, graph, plan):
        keep = {gid: kept[1:] or kept for gid, kept in plan.keep.items()}
        return super().prune(network, graph, replace(plan, keep=keep))


@breaks("pruning_takes_what_the_plan_says", "a says that its channels are")
class StaleSizes(Pruning):
    def altered(self, small, network):
        small.a.inputs, small.a.outputs = network.a.inputs, network.a.outputs
        return small


@breaks("pruning_takes_what_the_plan_says", "pruned to .*: names")
class OtherOrder(Pruning):
    def altered(self, small, network):
        small.__dict__ = dict(reversed(small.__dict__.items()))
        return small


@breaks("pruning_leaves_the_original", "the pruned network shares values with the first")
class SharesValues(Pruning):
    def altered(self, small, network):
        small.head.bias = network.head.bias
        return small


@breaks("pruning_leaves_the_original", "prune changed the mode")
class PrunesAndEvaluates(Pruning):
    def altered(self, small, network):
        network.train(False)
        return small


@breaks("shared_parameters_stay_shared", "pruned, the two modules have a weight each")
class CutsOneOfTwo(Pruning):
    def altered(self, small, network):
        small.b.weight = small.b.weight.copy()
        return small


@breaks("plans_of_other_networks_are_refused", "prune accepts a plan for the structure")
class TakesAnyPlan(FakeBackend):
    def prune(self, network, graph, plan):
        if plan.signature != graph.signature:
            plan = random_plan(graph, np.random.default_rng(0))
        return super().prune(network, graph, plan)


@breaks("plans_of_other_networks_are_refused", "prune accepts the graph of the structure")
class TakesAnyGraph(FakeBackend):
    def prune(self, network, graph, plan):
        own = {name: array.shape for name, array in network.arrays().items()}
        fits = all(own.get(name) == shape for name, shape in graph.operators.parameter_shapes.items())
        return super().prune(network, graph, plan) if fits else network


@breaks("run_follows_the_data_contract", "run took 1 and returned 1 batches of 4")
class RunsOnce(FakeBackend):
    def run(self, network, batches, decoded=False):
        yield next(super().run(network, batches, decoded))


@breaks("run_follows_the_data_contract", "run takes all batches before it returns")
class RunsAhead(FakeBackend):
    def run(self, network, batches, decoded=False):
        yield from list(super().run(network, batches, decoded))


@breaks("run_follows_the_data_contract", "the target that run returns is not the one")
class LosesTargets(FakeBackend):
    def run(self, network, batches, decoded=False):
        for outputs, _ in super().run(network, batches, decoded):
            yield outputs, None


@breaks("run_follows_the_data_contract", "run returns a list instead of a NumPy array")
class GivesLists(FakeBackend):
    def run(self, network, batches, decoded=False):
        for outputs, target in super().run(network, batches, decoded):
            yield outputs.tolist(), target


@breaks("run_follows_the_data_contract", "run changed outputs that it had returned before")
class ReusesItsBuffer(FakeBackend):
    def run(self, network, batches, decoded=False):
        buffer = np.zeros((3, 5))
        for outputs, target in super().run(network, batches, decoded):
            buffer[: len(outputs)] = outputs
            yield buffer[: len(outputs)], target


@breaks("run_evaluates", "run on a network in training mode")
class RunsAsItIs(FakeBackend):
    def run(self, network, batches, decoded=False):
        for inputs, target in batches:
            copied = self.with_state(network, {})
            yield copied.forward(Tape(copied), inputs), target


@breaks("run_evaluates", "run changed the mode")
class RunsAndEvaluates(FakeBackend):
    def run(self, network, batches, decoded=False):
        network.train(False)
        return super().run(network, batches, decoded)


@breaks("run_decodes_when_it_is_asked", "does not call the network's decode")
class DecodesNothing(FakeBackend):
    def run(self, network, batches, decoded=False):
        return super().run(network, batches)


@breaks("run_decodes_when_it_is_asked", "calls the network's decode, which was not asked for")
class AlwaysDecodes(FakeBackend):
    def run(self, network, batches, decoded=False):
        return super().run(network, batches, decoded=True)


@breaks("train_once_trains", "no statistic moved")
class DoesNotTrain(FakeBackend):
    def train_once(self, network, inputs):
        list(self.run(network, [(inputs, 0)]))


@breaks("train_once_trains", "train_once changed .*weight")
class TrainsForGood(FakeBackend):
    def train_once(self, network, inputs):
        super().train_once(network, inputs)
        network.head.weight *= 0.9


@breaks("moments_are_those_of_what_layers_read", "are wrong by")
class AveragesBatches(FakeBackend):
    """It gives every batch the same weight, however many images it has."""

    def observe(self, network, graph, batches):
        found = [super(AveragesBatches, self).observe(network, graph, [batch]) for batch in batches]
        return Moments(
            {n: np.mean([m.matrices[n] for m in found], axis=0) for n in found[0].matrices}, found[0].samples
        )


@breaks("moments_are_those_of_what_layers_read", r"have shape \(1, 8, 8\) instead of \(1, 9, 9\)")
class WithoutTheConstant(FakeBackend):
    def observe(self, network, graph, batches):
        found = super().observe(network, graph, batches)
        return Moments({name: matrix[:, :-1, :-1] for name, matrix in found.matrices.items()}, found.samples)


@breaks("moments_are_those_of_what_layers_read", "count as 400.0 samples of 4 images")
class EveryPositionCounts(FakeBackend):
    def observe(self, network, graph, batches):
        found = super().observe(network, graph, batches)
        return Moments(found.matrices, {name: samples * 10 for name, samples in found.samples.items()})


@breaks("recalibrated_statistics_are_averages", "differs by .* from the average of the batches' means")
class MovesStatistics(FakeBackend):
    def recalibrate(self, network, batches):
        moved = self.with_state(network, {})
        for inputs, _ in batches:
            self.train_once(moved, inputs)
        return moved


@breaks("recalibrated_statistics_are_averages", "recalibrate without a batch raises no DataError")
class NeedsNoBatch(FakeBackend):
    def recalibrate(self, network, batches):
        return super().recalibrate(network, batches) if batches else network


@breaks("double_precision_is_a_copy", "in double precision")
class RoundsFirst(FakeBackend):
    def to_float64(self, network):
        return self.with_state(network, {name: a.astype(np.float32) for name, a in network.arrays().items()})


@pytest.mark.parametrize(("check", "message", "backend"), BROKEN)
def test_a_broken_promise_is_found(check, message, backend):
    with pytest.raises(conformance.BrokenPromise, match=message):
        BY_NAME[check](replace(SUBJECT, backend=backend()))


def test_every_check_can_fail():
    assert {param.values[0] for param in BROKEN} == set(BY_NAME)
    assert len(BY_NAME) == len(conformance.CHECKS)


def test_the_random_numbers_of_the_framework_are_watched():
    states = iter(("before", "after"))
    with pytest.raises(conformance.BrokenPromise, match="changed the framework's random numbers"):
        BY_NAME["build_leaves_randomness_alone"](replace(SUBJECT, random_state=lambda: next(states)))


def test_a_subject_whose_modules_hold_no_sizes_is_not_asked_for_them():
    BY_NAME["pruning_takes_what_the_plan_says"](replace(SUBJECT, backend=StaleSizes(), channels=None))
