from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.class_labels import check_labels


def test_labels_that_are_classes_or_none_at_all() -> None:
    check_labels(np.array([0, 2]), 3)
    check_labels(np.zeros((0,), np.int64), 3)
    check_labels(np.zeros((2, 0, 4), np.int64), 3)


@pytest.mark.parametrize(
    ("labels", "parameters", "message"),
    [
        ([0, 3], {}, r"^the label of an object is 3, but .* 3 classes \(0 to 2\); does its class_num fit the dataset"),
        ([-1, 7], {}, "^the label of an object is -1, but"),
        ([[4]], {"of": "a pixel", "settings": "ignore_index"}, "of a pixel is 4, .* does its ignore_index fit"),
    ],
)
def test_a_label_that_is_no_class_is_told(labels: list[object], parameters: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_labels(np.array(labels), 3, **parameters)
