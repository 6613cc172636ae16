"""For tests of networks, of operator rules and of backends: is a pruned network exact?

`conformance` is the suite that every backend passes, `fake_backend` a backend without a framework.
"""

from prunekit.core.testing.exactness import Exactness, assert_exact
from prunekit.core.testing.plans import random_plan

__all__ = ["Exactness", "assert_exact", "random_plan"]
