"""All small networks that the tests here share, by name."""

import nets_of_attention  # noqa: F401 - importing it fills CASES
import nets_of_gates  # noqa: F401
import nets_of_layers  # noqa: F401
import nets_of_norms  # noqa: F401
import nets_of_sizes  # noqa: F401
import nets_of_windows  # noqa: F401
import nets_that_move_channels  # noqa: F401
import nets_that_share  # noqa: F401
from net_cases import CASES, conv

__all__ = ["CASES", "conv"]
