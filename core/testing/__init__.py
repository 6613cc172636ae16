"""For tests of networks, of operator rules and of backends: is a pruned network exact?"""

from prunekit.core.testing.exactness import Exactness, assert_exact
from prunekit.core.testing.plans import random_plan

__all__ = ["Exactness", "assert_exact", "random_plan"]
