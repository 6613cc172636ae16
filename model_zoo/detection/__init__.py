"""What detectors share: boxes, suppression of those that overlap, pooling of regions."""
