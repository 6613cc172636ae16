"""DeepLabV3, which labels every pixel."""
