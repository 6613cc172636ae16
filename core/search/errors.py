"""Errors of a search before its first trial, or when it is resumed."""

from prunekit.registry import PrunekitError


class SearchError(PrunekitError):
    """Base of the search's errors; each is a user's mistake or a damaged file and needs no traceback."""


class BoundError(SearchError, ValueError):
    """A bound names a module that cannot be pruned, or contradicts another bound."""


class BudgetError(SearchError, ValueError):
    """The budget is missing, or cannot be met within the bounds."""


class TargetError(SearchError, ValueError):
    """No network within the bounds has the latency aimed at, or latency cannot be measured."""


class JournalError(SearchError):
    """A journal is damaged, of another format, or belongs to another search."""
