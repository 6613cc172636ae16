"""The modules that Sphinx makes pages with, as its configuration finds them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
