from __future__ import annotations

import sys
from pathlib import Path

# twins is here; the oracle and the way to give a network lively parameters are those of the small networks
here, tests = Path(__file__).parent, Path(__file__).parents[1]
sys.path[:0] = [str(here), str(tests / "plugins" / "backends" / "pytorch"), str(tests / "shared")]
