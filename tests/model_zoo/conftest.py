from __future__ import annotations

import sys
from pathlib import Path

# the oracle and the way to give a network lively parameters are those of the small networks
sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "backends" / "pytorch"))
