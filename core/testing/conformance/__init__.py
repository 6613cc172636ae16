"""One suite of checks that every backend passes; its author runs it among his own tests.

In a file of tests::

    from prunekit.core.testing import conformance

    SUBJECT = conformance.Subject(backend=MyBackend(), networks={"plain": Plain, ...}, ...)

    @pytest.mark.parametrize("check", conformance.CHECKS)
    def test_conformance(check):
        check(SUBJECT)

What the networks compute stands in `structures`, in words and with the graph that must be found in them; in NumPy they
are in `in_numpy`. A check that fails raises `BrokenPromise`, whose message says what the backend did; what a backend
does not list in ``supports`` is skipped.
"""

from collections.abc import Callable

from prunekit.core.testing.conformance import building, pruning, recording, running, weight_files
from prunekit.core.testing.conformance.structures import STRUCTURES, Structure
from prunekit.core.testing.conformance.subject import BrokenPromise, NotSupported, Subject

Check = Callable[[Subject], None]

CHECKS: tuple[Check, ...] = (
    building.build_is_seeded,
    building.build_leaves_randomness_alone,
    building.networks_are_in_evaluation_mode,
    building.modules_are_named_by_class,
    building.state_is_a_copy,
    building.unsound_weights_are_named,
    building.with_state_makes_a_copy,
    building.temporary_parameters_are_restored,
    weight_files.weights_survive_a_file,
    weight_files.weights_that_do_not_fit_are_refused,
    weight_files.no_file_is_unpickled,
    recording.record_follows_every_tensor,
    recording.record_knows_the_kinds,
    recording.record_names_modules_and_calls,
    recording.record_weighs_parameters,
    recording.record_repeats_itself,
    recording.leaf_modules_are_one_operator,
    recording.graphs_are_golden,
    recording.parsing_proves_every_structure,
    pruning.pruned_equals_masked,
    pruning.operators_are_compared,
    pruning.pruning_takes_what_the_plan_says,
    pruning.pruning_leaves_the_original,
    pruning.shared_parameters_stay_shared,
    pruning.plans_of_other_networks_are_refused,
    running.run_follows_the_data_contract,
    running.run_evaluates,
    running.run_decodes_when_it_is_asked,
    running.train_once_trains,
    running.moments_are_those_of_what_layers_read,
    running.recalibrated_statistics_are_averages,
    running.double_precision_is_a_copy,
)
"""Each takes a subject, and its docstring says which promise of `prunekit.core.backend.Backend` it holds."""

__all__ = ["CHECKS", "STRUCTURES", "BrokenPromise", "Check", "NotSupported", "Structure", "Subject"]
