"""Names in published checkpoints of DeepLabV3."""

from __future__ import annotations

from prunekit.core.weights import LEAVES, Naming

NAMINGS = (
    Naming("torchvision", rules=(), made_with="output_stride: 8, rates: [12, 24, 36] and aux_head: True"),
    Naming(
        "MindSpore's official DeepLabv3",
        rules=(
            *LEAVES,
            (r"^resnet\.", "backbone."),
            (r"^aspp\.aspp1\.aspp_conv\.", "classifier.0.convs.0."),
            (r"^aspp\.aspp2\.aspp_conv\.", "classifier.0.convs.1."),
            (r"^aspp\.aspp3\.aspp_conv\.", "classifier.0.convs.2."),
            (r"^aspp\.aspp4\.aspp_conv\.", "classifier.0.convs.3."),
            (r"^aspp\.aspp_pooling\.conv\.0\.", "classifier.0.convs.4.1."),
            (r"^aspp\.aspp_pooling\.conv\.1\.", "classifier.0.convs.4.2."),
            (r"^aspp\.conv1\.", "classifier.0.project.0."),
            (r"^aspp\.bn1\.", "classifier.0.project.1."),
            (r"^aspp\.conv2\.", "classifier.1."),
        ),
        made_with="rates: [6, 12, 18], multi_grid: [1, 2, 4], refine: False, align_corners: True, padding: pool_same"
        " and output_stride: 16 (s16) or 8 (s8)",
    ),
)
