"""What the networks here share: layers as each framework's official networks make them."""
