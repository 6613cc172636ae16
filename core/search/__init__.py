"""The search: space, algorithms, rewards, evaluation, journal."""

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.allocation import closed_form_counts, fitted_counts, uniform_counts
from prunekit.core.search.budget import Constraint, parse_budget
from prunekit.core.search.errors import BoundError, BudgetError, JournalError, SearchError, TargetError
from prunekit.core.search.executor import Evaluate, Executor, Lost, evaluated
from prunekit.core.search.journal import Journal
from prunekit.core.search.latency import Latency, LatencyMeter, Reference
from prunekit.core.search.loop import run_search, top_k
from prunekit.core.search.observation import OBSERVATION_SIZE
from prunekit.core.search.reward import LatencyReward, Reward, make_reward, reward_class
from prunekit.core.search.settings import Block, Bound, LatencySettings, NetworkParser, SearchSettings, Share
from prunekit.core.search.space import Counts, SearchSpace
from prunekit.core.search.trial import Record, Result, Trial

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
    "Journal",
    "JournalError",
    "Latency",
    "LatencyMeter",
    "LatencyReward",
    "LatencySettings",
    "Lost",
    "NetworkParser",
    "Record",
    "Reference",
    "Result",
    "Reward",
    "SearchAlgorithm",
    "SearchError",
    "SearchSettings",
    "SearchSpace",
    "Share",
    "TargetError",
    "Trial",
    "closed_form_counts",
    "evaluated",
    "fitted_counts",
    "make_reward",
    "parse_budget",
    "reward_class",
    "run_search",
    "top_k",
    "uniform_counts",
]
