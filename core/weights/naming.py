"""Under which names the weights of a network are published."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAVES = (
    (r"\bgamma$", "weight"),
    (r"\bbeta$", "bias"),
    (r"\bmoving_mean$", "running_mean"),
    (r"\bmoving_variance$", "running_var"),
    (r"\bembedding_table$", "weight"),
)
"""What MindSpore's layers call their arrays, and what PyTorch's call the same ones."""

_COUNTERS = ("num_batches_tracked", "n_averaged")


@dataclass(frozen=True)
class Naming:
    r"""One way to name the weights of a network, and how it leads to the names that all its namings have in common.

    A network class lists, as ``namings``, where weights for it come from; its twins on other backends have the same
    list. A file fits if one of them turns its names into what one of them makes of the network's own::

        NAMINGS = (
            Naming("PyTorch's", rules=()),
            Naming("MindSpore's", rules=(*LEAVES, (r"^end_point\.", "fc."))),
        )

        class Net(nn.Cell):
            namings = NAMINGS

    Twins whose layers are called alike, so that only the names within a layer differ (``gamma`` and ``weight``), need
    none: every network that lists nothing has ``Naming()``.

    Attributes:
        title: Whose names they are, as in "named as in ...".
        rules: Regular expressions and what takes their place in a name, one after the other.
        made_with: Parameters of the networks that are published under these names, where they differ elsewhere and
            decide what the weights compute; told to who loads them.
        derived: Regular expressions of names, in files of theirs, of arrays that follow from how the network is made
            (``stride``) and that a network here has no place for: they are left out.
    """

    title: str = "its twin on another framework"
    rules: tuple[tuple[str, str], ...] = LEAVES
    made_with: str = ""
    derived: tuple[str, ...] = ()

    def common(self, name: str) -> str:
        """What all namings of the network call this."""
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name

    def holds(self, name: str) -> bool:
        """Whether an array of this name in a file is one of the network's weights, not derived."""
        return not any(re.search(pattern, name) for pattern in self.derived)


def counts(name: str) -> bool:
    """Whether a name is that of a counter.

    It decides nothing: MindSpore's layers have none, and files of other tools and of older PyTorch leave it out; what
    averages weights counts too. The name is all that tells: a whole number under another one might well be a weight.
    """
    return name.rpartition(".")[2] in _COUNTERS
