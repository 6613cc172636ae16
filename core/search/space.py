"""The search space: units to keep for each group, within bounds and budget."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from prunekit.core.cost import CostModel
from prunekit.core.cost.estimators import DEFAULT_COST, PricedCost, cost_class, not_priced
from prunekit.core.graph import ChannelStructure
from prunekit.core.pruning import PrunePlan, Ranking
from prunekit.core.pruning.nearest_counts import NearestCounts
from prunekit.core.search.bounds import Range, allowed_counts, bounded_groups, refuse_skipped, skipped_groups
from prunekit.core.search.errors import BoundError, BudgetError
from prunekit.core.search.observation import group_features
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.trial import Trial

Counts = Sequence[int] | NDArray[np.int64]


class SearchSpace:
    """The allowed numbers of units of every group, and what a choice of them costs.

    Groups are addressed by their position in ``graph.groups``; ``counts`` hold one number of kept units for each.

    Attributes:
        graph: The network's structure.
        rankings: For each group id, the order in which its units would go.
        constraints: The budget; every trial is to meet each of them.
        cost: Name of the priced cost that an agent sees, the first that the reward looks at.
        allowed: For each group, the ascending numbers of units that it may keep.
        free: Positions of the groups with more than one allowed number; the others are no actions.

    Args:
        graph: The network's structure.
        rankings: See above.
        settings: Bounds, budget and the like.
        cost_model: Prices the graph.
        costs: The priced costs that trials are told of beside those of the budget, at least one.

    Raises:
        BoundError: A bound names an unknown or protected mid, or contradicts another.
        BudgetError: Even the smallest network within the bounds misses the budget, or no trial would be evaluated.
    """

    def __init__(
        self,
        graph: ChannelStructure,
        rankings: Mapping[int, Ranking],
        settings: SearchSettings,
        cost_model: CostModel,
        costs: Sequence[str] = (DEFAULT_COST,),
    ) -> None:
        self.graph = graph
        self.rankings = rankings
        self.constraints = settings.constraints
        self.cost = costs[0]
        self._cost_model = cost_model
        self._round = settings.channel_round
        self._estimators = _estimators({*costs, *(constraint.cost for constraint in self.constraints)})
        self._skipped = skipped_groups(graph, settings.user_skip_module_id)
        self._specific = bounded_groups(graph, settings.specific_bound, "specific_bound")
        refuse_skipped(graph, settings.user_skip_module_id, settings.specific_bound, "specific_bound")
        self._skip = tuple(settings.user_skip_module_id)
        self._features = group_features(graph)
        self._sizes = np.array([group.size for group in graph.groups], dtype=np.float64)
        self._bound((settings.lbound, settings.rbound), self._specific, "the bounds")
        self._refuse_all_skipped(settings.lbound_preserve_ratio)

    def bounded(self, lbound: float, rbound: float, specific: Mapping[int, Range], prefix: str) -> SearchSpace:
        """Return the same space with other bounds; ``specific`` (by mid) goes before ``specific_bound``.

        ``prefix`` begins the yml's keys of the three, for messages. Raises as the constructor does.
        """
        if lbound > rbound:
            raise BoundError(
                f"{prefix}lbound {lbound:g} is above {prefix}rbound {rbound:g}"
                " (where one of them is not given it is lbound or rbound)"
            )
        view = copy.copy(self)
        bounds = bounded_groups(self.graph, specific, f"{prefix}specific_bound")
        refuse_skipped(self.graph, self._skip, specific, f"{prefix}specific_bound")
        view._bound((lbound, rbound), {**self._specific, **bounds}, f"the {prefix}* bounds")
        return view

    @property
    def lowest(self) -> NDArray[np.int64]:
        """The counts of the smallest network within the bounds."""
        return np.array([allowed[0] for allowed in self.allowed], dtype=np.int64)

    @property
    def highest(self) -> NDArray[np.int64]:
        """The counts of the largest network within the bounds, whatever the budget."""
        return np.array([allowed[-1] for allowed in self.allowed], dtype=np.int64)

    def count(self, index: int, ratio: float) -> int:
        """Return the units that a preserve ratio stands for: rounded up to an allowed number, else the largest."""
        allowed = self.allowed[index]
        wanted = max(1, round(float(ratio) * self.graph.groups[index].size))
        return int(allowed[min(int(np.searchsorted(allowed, wanted)), len(allowed) - 1)])

    def counts(self, ratios: Sequence[float] | NDArray[np.floating]) -> NDArray[np.int64]:
        """Return `count` for every group."""
        return np.array([self.count(i, float(ratio)) for i, ratio in enumerate(ratios)], dtype=np.int64)

    def ratios(self, counts: Counts) -> NDArray[np.float64]:
        """Return kept / all units for every group."""
        return np.asarray(counts, dtype=np.float64) / self._sizes

    def share(self, cost: str, counts: Counts) -> float:
        """Return kept / all of a cost: one of those that the space was made with, or of the budget."""
        return float(self._estimators[cost].share(self._cost_model, np.asarray(counts, dtype=np.int64)))

    def fits(self, counts: Counts) -> bool:
        """Whether ``counts`` meet every condition of the budget."""
        return all(self.share(constraint.cost, counts) <= constraint.limit for constraint in self.constraints)

    def plan(self, counts: Counts) -> PrunePlan:
        """Return which units stay.

        Counts that would change the outcome of a comparison of sizes in the network's code are moved to the nearest
        allowed ones that do not.
        """
        return PrunePlan.nearest(
            self.graph, np.asarray(counts, dtype=np.int64), self.rankings, self.allowed, fewer=True
        )

    def trial(self, number: int, counts: Counts) -> Trial:
        """Return trial ``number`` for ``counts``."""
        plan = self.plan(counts)
        kept = plan.counts(self.graph)
        return Trial(
            number,
            kept,
            tuple(self.ratios(kept).tolist()),
            {cost: self.share(cost, kept) for cost in self._estimators},
            self.fits(kept),
            plan,
        )

    def observation(self, index: int, counts: Counts) -> NDArray[np.float64]:
        """Return AMC's state before group ``index`` is decided; every entry in [0, 1].

        The seven features of `group_features`, then of the reward's cost, as shares of the original: what the groups
        before ``index`` have saved, and what this and the later ones still could; last the previous group's ratio.
        """
        whole, least = self._sizes.astype(np.int64), self.lowest
        whole[:index] = least[:index] = counts[:index]
        now = self.share(self.cost, whole)
        previous = counts[index - 1] / self._sizes[index - 1] if index else 1.0
        return np.array([*self._features[index], 1.0 - now, now - self.share(self.cost, least), previous])

    def _bound(self, every: Range, specific: Mapping[int, Range], origin: str) -> None:
        bounds = [{**specific, **self._skipped}.get(i, every) for i in range(len(self.graph.groups))]
        self.allowed = [
            allowed_counts(group, bound, self._round) for group, bound in zip(self.graph.groups, bounds, strict=True)
        ]
        self._keep_comparisons(origin)
        self.free = tuple(i for i, allowed in enumerate(self.allowed) if len(allowed) > 1)
        for constraint in self.constraints:
            least, most = (self.share(constraint.cost, counts) for counts in (self.lowest, self.highest))
            if least > constraint.limit:
                raise BudgetError(
                    f"budget '{constraint}' cannot be met: within {origin} the network keeps {least:.4g} to {most:.4g}"
                    f" of its {constraint.cost}. Allow at least {least:.4g}, or lower the lower bounds, make"
                    " channel_round smaller or skip fewer modules"
                )

    def _keep_comparisons(self, origin: str) -> None:
        """Leave out counts that would change the outcome of a comparison in the network's code, whatever else goes."""
        if not self.graph.comparisons:
            return
        orders = [self.rankings[group.id].order for group in self.graph.groups]
        every = NearestCounts(self.graph, orders, self.allowed)
        for index, group in enumerate(self.graph.groups):
            possible = every.possible(index)
            if not len(possible):
                places = ", ".join(dict.fromkeys(c.place for c in self.graph.comparisons))
                raise BoundError(
                    f"group {group.id} ({group.name}) has no number of units within {origin} at which the network's"
                    f" code still comes to the same: {places}. Widen them"
                )
            self.allowed[index] = possible

    def _refuse_all_skipped(self, least: float) -> None:
        limits = [constraint.limit for constraint in self.constraints if constraint.cost == self.cost]
        most = min([self.share(self.cost, self.highest), *limits])
        if most < least:
            raise BudgetError(
                f"lbound_preserve_ratio {least:g} would skip every trial: within the bounds and the budget the network"
                f" keeps at most {most:.4g} of its {self.cost}. Lower it, or raise the budget or rbound"
            )


def _estimators(names: set[str]) -> dict[str, PricedCost]:
    """An estimator for each name.

    Raises:
        BudgetError: One is not priced.
    """
    for name in sorted(names):
        if problem := not_priced(name, None):
            raise BudgetError(problem)
    return {name: cost_class(name)() for name in sorted(names)}
