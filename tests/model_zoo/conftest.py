from __future__ import annotations

import sys
from pathlib import Path

# the oracle and the way to give a network lively parameters are those of the small networks
tests = Path(__file__).parents[1]
sys.path[:0] = [str(tests / "plugins" / "backends" / "pytorch"), str(tests / "shared")]
