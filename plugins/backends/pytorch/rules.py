"""Which rule says what an ATen operator does to channels."""

from __future__ import annotations

import torch

from prunekit.core.recording import Rule
from prunekit.plugins.backends.pytorch import rules_compute as compute
from prunekit.plugins.backends.pytorch import rules_layout as layout
from prunekit.plugins.backends.pytorch import rules_numbers as numbers
from prunekit.plugins.backends.pytorch import rules_places as places
from prunekit.plugins.backends.pytorch import rules_reduce as reductions
from prunekit.plugins.backends.pytorch import rules_spatial as spatial
from prunekit.registry import Register, RegisterType

_NAMES: dict[Rule, str] = {
    compute.pointwise: "clone detach detach_ alias lift lift_fresh lift_fresh_copy _to_copy copy copy_ _conj "
    "_neg_view hardswish hardswish_ native_dropout fill fill_ zero zero_ bernoulli bernoulli_ normal_ uniform_ "
    "exponential_ random_ contiguous relu6 hardtanh hardtanh_ where masked_fill masked_fill_ _prelu_kernel addcmul "
    "addcdiv mul mul_ div div_ clamp clamp_min clamp_max resize_as_ expand_copy rsub floor_divide floor_divide_ "
    "complex polar rrelu_with_noise rrelu_with_noise_ log_sigmoid_forward threshold_",
    compute.like: "zeros_like ones_like empty_like full_like rand_like randn_like randint_like bucketize",
    compute.convolution: "convolution",
    compute.addmm: "addmm addmm_ _addmm_activation",
    compute.mm: "mm",
    compute.bmm: "bmm",
    compute.baddbmm: "baddbmm baddbmm_",
    compute.addbmm: "addbmm addbmm_",
    compute.mv: "mv addmv addmv_",
    compute.dot: "dot vdot",
    compute.addr: "addr addr_",
    compute.distances: "_cdist_forward _euclidean_dist",
    compute.attention: "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
    "_scaled_dot_product_fused_attention_overrideable",
    compute.batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
    "cudnn_batch_norm miopen_batch_norm _batch_norm_with_update _batch_norm_no_update",
    compute.layer_norm: "native_layer_norm _fused_rms_norm",
    compute.group_norm: "native_group_norm",
    compute.glu: "glu",
    compute.same_shape: "as_strided as_strided_",
    compute.weight_norm: "_weight_norm_interface",
    compute.of_matrices: "linalg_inv_ex _linalg_solve_ex linalg_matrix_exp linalg_householder_product linalg_qr "
    "_linalg_svd _linalg_eigh _linalg_det _linalg_slogdet linalg_cholesky_ex linalg_solve_triangular "
    "linalg_lu_factor_ex linalg_cross _trilinear",
    numbers.fourier: "_fft_r2c _fft_c2r _fft_c2c",
    numbers.as_real: "view_as_real",
    numbers.as_complex: "view_as_complex",
    numbers.fake_quantize: "fake_quantize_per_tensor_affine_cachemask fake_quantize_per_channel_affine_cachemask "
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams _fake_quantize_learnable_per_tensor_affine "
    "_fake_quantize_learnable_per_channel_affine _fused_moving_avg_obs_fq_helper",
    reductions.reduce: "mean sum nansum amax amin var std linalg_vector_norm norm prod logsumexp var_mean std_mean "
    "argmax argmin any all count_nonzero median nanmedian kthvalue mode",
    reductions.extreme: "max min",
    reductions.both_extremes: "aminmax",
    reductions.running: "cumsum cumsum_ cumprod cumprod_ logcumsumexp _logcumsumexp cummax cummin",
    reductions.ranked: "topk sort argsort",
    reductions.along: "roll",
    reductions.softmax: "_softmax _safe_softmax _log_softmax",
    reductions.renorm: "renorm renorm_",
    reductions.loss: "mse_loss smooth_l1_loss huber_loss soft_margin_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits",
    reductions.class_loss: "nll_loss_forward nll_loss2d_forward",
    spatial.pool(1): "avg_pool1d upsample_linear1d upsample_nearest1d adaptive_avg_pool1d max_pool1d "
    "_upsample_nearest_exact1d",
    spatial.pool(2): "max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d "
    "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa "
    "_upsample_lanczos2d_aa mkldnn_max_pool2d _upsample_nearest_exact2d fractional_max_pool2d",
    spatial.pool(3): "max_pool3d_with_indices avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d "
    "upsample_nearest3d upsample_trilinear3d _upsample_nearest_exact3d fractional_max_pool3d",
    spatial.unpool: "max_unpool2d max_unpool3d",
    spatial.roi_align: "torchvision::roi_align torchvision::roi_pool",
    spatial.roi_align_of_parts: "torchvision::ps_roi_align torchvision::ps_roi_pool",
    spatial.sample: "grid_sampler_2d grid_sampler_3d",
    spatial.grid: "affine_grid_generator",
    spatial.deformable: "torchvision::deform_conv2d",
    layout.reshape: "view _unsafe_view reshape unsqueeze squeeze flatten unsqueeze_ squeeze_ _reshape_alias unflatten",
    layout.expand: "expand",
    layout.permute: "permute t t_ transpose transpose_ numpy_T",
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
    "linspace eye randperm empty_strided",
    layout.pixel_shuffle: "pixel_shuffle",
    layout.pixel_unshuffle: "pixel_unshuffle",
    layout.channel_shuffle: "channel_shuffle native_channel_shuffle",
    layout.im2col: "im2col",
    layout.col2im: "col2im",
    layout.windows: "unfold",
    places.index: "index _unsafe_index",
    places.write_at: "index_put index_put_ _index_put_impl_ _unsafe_index_put",
    places.gather: "gather",
    places.index_select: "index_select",
    places.scatter: "scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_",
    places.index_add: "index_add index_add_ index_copy index_copy_ index_reduce index_reduce_ index_fill index_fill_",
    places.masked_scatter: "masked_scatter masked_scatter_",
    places.embedding: "embedding",
    places.embedding_bag: "_embedding_bag _embedding_bag_forward_only",
    places.by_values: "nonzero masked_select unique_consecutive unique_dim _unique _unique2 multinomial bincount histc "
    "searchsorted torchvision::nms",
    places.diagonal: "diagonal",
    places.on_diagonal: "diag_embed",
    places.triangle: "tril tril_ triu triu_",
    places.turned: "rot90",
    places.put_part: "slice_scatter select_scatter",
    layout.rebound: "set_",
}

RULES: dict[str, Rule] = {name: rule for rule, names in _NAMES.items() for name in names.split()}
"""By the operator's name; those of other libraries carry their namespace (``torchvision::roi_align``)."""

CREATING = frozenset(name for name, rule in RULES.items() if rule is layout.create)
"""Operators that make a tensor out of sizes alone."""

REBINDING = ("set_", "resize_")
"""Operators that give a tensor other memory, or another shape, and write nothing."""


def rule_for(func: torch._ops.OpOverload, name: str) -> Rule | None:
    """The rule of an operator: ours, one that somebody registered, or that of all pointwise operators."""
    if name in RULES:
        return RULES[name]
    if any(entry.name == name for entry in Register.entries(RegisterType.OPERATOR_RULE)):
        rule: Rule = Register.get(RegisterType.OPERATOR_RULE, name, "pytorch")
        return rule
    return compute.pointwise if torch.Tag.pointwise in _tags(func, name) else None


def _tags(func: torch._ops.OpOverload, name: str) -> set[torch.Tag]:
    """What torch says of an operator; of many that write in place it says it only of those that do not."""
    twin = getattr(torch.ops.aten, name[:-1], None) if func.namespace == "aten" and name.endswith("_") else None
    overloads = [getattr(twin, key) for key in twin.overloads()] if twin is not None else []
    return {tag for each in (func, *overloads) for tag in each.tags}
