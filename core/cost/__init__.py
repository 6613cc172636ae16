"""What a network costs: priced from its channel graph without building it, or measured."""

from prunekit.core.cost.estimators import MeasuredCost, PricedCost, Turns
from prunekit.core.cost.price import Cost, CostModel, price

__all__ = ["Cost", "CostModel", "MeasuredCost", "PricedCost", "Turns", "price"]
