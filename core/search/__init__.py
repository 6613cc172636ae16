"""The search: space, algorithms, rewards, evaluation, journal."""

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.allocation import closed_form_counts, fitted_counts, uniform_counts
from prunekit.core.search.budget import Constraint, parse_budget
from prunekit.core.search.errors import BoundError, BudgetError, JournalError, SearchError, TargetError
from prunekit.core.search.executor import Evaluate, Executor, Lost, evaluated
from prunekit.core.search.journal import Journal
from prunekit.core.search.loop import run_search
from prunekit.core.search.objective import Objective
from prunekit.core.search.observation import OBSERVATION_SIZE
from prunekit.core.search.reward import Reading, Reward, Target
from prunekit.core.search.settings import Block, Bound, NetworkParser, SearchSettings, Share
from prunekit.core.search.space import Counts, SearchSpace
from prunekit.core.search.trial import Feedback, Record, Result, Trial

__all__ = [
    "OBSERVATION_SIZE",
    "Block",
    "Bound",
    "BoundError",
    "BudgetError",
    "Constraint",
    "Counts",
    "Evaluate",
    "Executor",
    "Feedback",
    "Journal",
    "JournalError",
    "Lost",
    "NetworkParser",
    "Objective",
    "Reading",
    "Record",
    "Result",
    "Reward",
    "SearchAlgorithm",
    "SearchError",
    "SearchSettings",
    "SearchSpace",
    "Share",
    "Target",
    "TargetError",
    "Trial",
    "closed_form_counts",
    "evaluated",
    "fitted_counts",
    "parse_budget",
    "run_search",
    "uniform_counts",
]
