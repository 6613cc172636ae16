"""What training leaves among weights: where it stands, under names without a layer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from prunekit.core.weights.stored import Stored

_WHERE_IT_STANDS = re.compile(
    r"(?:.*_)?(?:epochs?|steps?|iters?|iterations?|updates?|lr|learning_rate|best|acc|acc1|acc5|accuracy|loss|metric"
    r"|score|top1|top5|beta[12]_power|loss_scale|scale_sense|momentum|weight_decay|seed)(?:_num|_count|_sum)?"
    r"|(?:epoch|step|best|last_overflow|current_iterator)_\w+"
)
_OF_EVERY_STEP = ("lr", "learning_rate", "momentum", "weight_decay")
"""Those that can be arrays, with a value for each step or group of parameters; the others are single numbers."""


def leftovers(arrays: Mapping[str, Stored]) -> list[str]:
    """Names such as ``epoch_num``, ``step_num``, ``lr``, ``ema_updates``, ``best_acc``.

    A network may well have a weight of such a name: who asks looks there first.
    """
    named = {name: each for name, each in arrays.items() if _WHERE_IT_STANDS.fullmatch(name)}
    return [name for name, each in named.items() if each.size == 1 or name in _OF_EVERY_STEP]
