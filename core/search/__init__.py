"""The search: what may be chosen, who chooses, what it is worth, and the journal of it all."""

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.allocation import closed_form_counts, fitted_counts, uniform_counts
from prunekit.core.search.budget import Constraint, parse_budget
from prunekit.core.search.errors import BoundError, BudgetError, JournalError, SearchError
from prunekit.core.search.journal import Journal
from prunekit.core.search.loop import Evaluate, run_search, top_k
from prunekit.core.search.reward import Reward, reward_class
from prunekit.core.search.settings import Block, Bound, NetworkParser, SearchSettings, Share
from prunekit.core.search.space import Counts, SearchSpace
from prunekit.core.search.state import STATE_SIZE
from prunekit.core.search.trial import Record, Result, Trial

__all__ = [
    "STATE_SIZE",
    "Block",
    "Bound",
    "BoundError",
    "BudgetError",
    "Constraint",
    "Counts",
    "Evaluate",
    "Journal",
    "JournalError",
    "NetworkParser",
    "Record",
    "Result",
    "Reward",
    "SearchAlgorithm",
    "SearchError",
    "SearchSettings",
    "SearchSpace",
    "Share",
    "Trial",
    "closed_form_counts",
    "fitted_counts",
    "parse_budget",
    "reward_class",
    "run_search",
    "top_k",
    "uniform_counts",
]
