"""Which rule says what an ATen operator does to channels."""

from __future__ import annotations

import torch

from prunekit.core.recording import Rule
from prunekit.plugins.backends.pytorch import rules_compute as compute
from prunekit.plugins.backends.pytorch import rules_layout as layout
from prunekit.registry import Register, RegisterType

_NAMES: dict[Rule, str] = {
    compute.pointwise: "clone detach alias _to_copy copy_ lift_fresh hardswish hardswish_ native_dropout fill_ zero_ "
    "bernoulli_ contiguous relu6 hardtanh hardtanh_ where masked_fill masked_fill_ _prelu_kernel addcmul addcdiv mul "
    "mul_ div div_ clamp clamp_min clamp_max resize_as_ expand_copy",
    compute.like: "zeros_like ones_like empty_like full_like rand_like randn_like",
    compute.convolution: "convolution",
    compute.addmm: "addmm",
    compute.mm: "mm",
    compute.bmm: "bmm",
    compute.baddbmm: "baddbmm",
    compute.attention: "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
    "_scaled_dot_product_fused_attention_overrideable",
    compute.batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
    "cudnn_batch_norm miopen_batch_norm _batch_norm_with_update _batch_norm_no_update",
    compute.layer_norm: "native_layer_norm _fused_rms_norm",
    compute.group_norm: "native_group_norm",
    compute.reduce: "mean sum amax amin max min var std linalg_vector_norm norm prod logsumexp var_mean argmax argmin "
    "any all",
    compute.pool(1): "avg_pool1d upsample_linear1d upsample_nearest1d adaptive_avg_pool1d max_pool1d",
    compute.pool(2): "max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d "
    "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa "
    "mkldnn_max_pool2d _upsample_nearest_exact2d",
    compute.pool(3): "max_pool3d_with_indices avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d "
    "upsample_nearest3d upsample_trilinear3d",
    compute.softmax: "_softmax _safe_softmax",
    compute.along: "_log_softmax cumsum cumprod roll topk sort argsort",
    compute.glu: "glu",
    compute.roi_align: "torchvision::roi_align torchvision::roi_pool",
    compute.sample: "grid_sampler_2d grid_sampler_3d",
    compute.same_shape: "as_strided as_strided_",
    compute.weight_norm: "_weight_norm_interface",
    layout.reshape: "view _unsafe_view reshape unsqueeze squeeze flatten unsqueeze_ squeeze_ _reshape_alias unflatten",
    layout.expand: "expand",
    layout.permute: "permute t transpose transpose_ numpy_T",
    layout.concat: "cat",
    layout.stack: "stack",
    layout.split: "split split_with_sizes unbind unsafe_split unsafe_split_with_sizes",
    layout.cut: "slice",
    layout.select: "select",
    layout.flip: "flip",
    layout.pad: "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d "
    "replication_pad2d replication_pad3d",
    layout.repeat: "repeat",
    layout.create: "new_zeros new_ones new_empty new_full new_empty_strided zeros ones empty full rand randn arange "
    "linspace eye empty_strided",
    layout.index: "index",
    layout.write_at: "index_put index_put_ _index_put_impl_",
    layout.look_up: "gather index_select",
    layout.embedding: "embedding",
    layout.pixel_shuffle: "pixel_shuffle",
    layout.pixel_unshuffle: "pixel_unshuffle",
    layout.channel_shuffle: "channel_shuffle native_channel_shuffle",
    layout.im2col: "im2col",
    layout.col2im: "col2im",
    layout.windows: "unfold",
}

RULES: dict[str, Rule] = {name: rule for rule, names in _NAMES.items() for name in names.split()}
"""By the operator's name; those of other libraries carry their namespace (``torchvision::roi_align``)."""

CREATING = frozenset(name for name, rule in RULES.items() if rule is layout.create)
"""Operators that make a tensor out of sizes alone."""


def rule_for(func: torch._ops.OpOverload, name: str) -> Rule | None:
    """The rule of an operator: ours, one that somebody registered, or that of all pointwise operators."""
    if name in RULES:
        return RULES[name]
    if any(entry.name == name for entry in Register.entries(RegisterType.OPERATOR_RULE)):
        rule: Rule = Register.get(RegisterType.OPERATOR_RULE, name, "pytorch")
        return rule
    return compute.pointwise if torch.Tag.pointwise in func.tags else None
