"""What a network costs, priced from its channel graph without building it."""

from prunekit.core.cost.price import Cost, CostModel, price

__all__ = ["Cost", "CostModel", "price"]
