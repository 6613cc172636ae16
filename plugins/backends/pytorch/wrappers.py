"""Networks in wrappers: what is inside those of torch's own that only run it, and what to pass instead of others."""

from __future__ import annotations

from torch import jit
from torch.nn import DataParallel, Module
from torch.nn.parallel import DistributedDataParallel

from prunekit.plugins.backends.pytorch.module_tree import modules
from prunekit.registry import PrunekitError

_SHARDING = {"FullyShardedDataParallel", "FSDPModule"}


class WrapperError(PrunekitError, TypeError):
    """The network is in a form that cannot be followed; the message says which one to pass."""


def bare(network: Module) -> Module:
    """The network itself, without ``DistributedDataParallel``, ``DataParallel`` or ``torch.compile`` around it.

    A pruned one is wrapped anew: what wrappers hold is made for the parameters of the whole network.

    Raises:
        WrapperError: It is scripted or traced, or its parameters are spread over processes.
    """
    while isinstance(inside := _inside(network), Module):
        network = inside
    if isinstance(network, jit.ScriptModule):
        raise WrapperError(
            f"{network.original_name} is scripted or traced, and compiled code does not tell where its sizes come from:"
            " pass the network that it was made of, and script or trace the pruned one"
        )
    kinds = {type(module) for module in modules(network)}
    if _SHARDING & {base.__name__ for kind in kinds for base in kind.__mro__}:
        raise WrapperError(
            f"the parameters of {type(network).__name__} are sharded over processes: prune the network first, and"
            " shard what comes out"
        )
    return network


def _inside(network: Module) -> object:
    if isinstance(network, (DistributedDataParallel, DataParallel)):
        return network.module
    return dict(network._modules.items()).get("_orig_mod")  # of torch.compile
