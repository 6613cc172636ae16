from __future__ import annotations

import numpy as np

from prunekit.core.search.candidate_builder import first_images


def test_the_first_images_are_counted_by_the_inputs():
    batches = [(np.zeros((4, 3)), target) for target in (None, np.zeros((40, 6)), [{"boxes": np.zeros((2, 4))}])]
    for images, wanted in ((1, 1), (4, 1), (5, 2), (8, 2), (12, 3), (100, 3)):
        assert list(first_images(iter(batches), images)) == batches[:wanted]
    assert list(first_images(batches, 0)) == []
