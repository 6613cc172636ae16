"""Which rule says what an operator of MindSpore's does to channels."""

from __future__ import annotations

from prunekit.core.recording import Rule
from prunekit.plugins.backends.mindspore import rules_compute as compute
from prunekit.plugins.backends.mindspore import rules_indexing as indexing
from prunekit.plugins.backends.mindspore import rules_layout as layout
from prunekit.plugins.backends.mindspore.dispatch import INDEX, WRITE
from prunekit.registry import Register, RegisterType

_NAMES: dict[Rule, str] = {
    compute.pointwise: "Add AddExt Adds AddN Sub SubExt Subs Mul Muls Div Divs RealDiv DivMod DivMods"
    " FloorDiv Mod Neg"
    " InplaceAddExt InplaceSubExt InplaceMul InplaceMuls InplaceDiv InplaceReLU InplaceCopy Cast Contiguous Identity"
    " StopGradient Clone Copy ReLU ReLU6 ReLUV2 ReLUV3 SiLU SiLUV2 HSwish HSigmoid HShrink SoftShrink Sigmoid Tanh GeLU"
    " GeluExt FastGeLU Mish Elu EluExt SeLU SeLUExt CeLU Softplus SoftplusExt Softsign LogSigmoid Hardtanh Threshold"
    " LeakyReLU LeakyReLUExt Exp Expm1 Log Log1p Sqrt Rsqrt Square Pow PowTensorScalar PowScalarTensor Reciprocal Abs"
    " Sign Sin Cos Tan Asin Acos Atan Atan2 Sinh Cosh Erf Erfc Ceil Floor Round Trunc Maximum Minimum Clip"
    " ClampScalar ClampTensor Dropout DropoutExt DropoutDoMaskExt Dropout2D Select Where MaskedFill MaskedFillScalar"
    " Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr LogicalNot IsNan IsInf IsFinite Addcmul"
    " Addcdiv Lerp LerpScalar SquaredDifference Xdivy Xlogy HSwishV2 Swiglu Logit",
    compute.like: "ZerosLike OnesLike ZerosLikeExt OnesLikeExt FullLike RandLikeExt RandnLike EmptyLike",
    compute.bias_add: "BiasAdd",
    compute.convolution: "Conv2D Conv3D Conv2DTranspose Conv3DTranspose Conv2DExt Conv1DExt Conv3DExt"
    " DepthwiseConv2dNative",
    compute.matmul: "MatMul MatMulExt BatchMatMul BatchMatMulExt Mm BmmExt",
    compute.dense: "Dense",
    compute.addmm: "Addmm Baddbmm",
    compute.batch_norm: "BatchNorm BatchNormExt SyncBatchNorm",
    compute.layer_norm: "LayerNorm LayerNormExt LayerNormV3",
    compute.group_norm: "GroupNorm",
    compute.reduce: "ReduceMean MeanExt ReduceSum SumExt ReduceMax ReduceMin AMax AMin Var Std ReduceProd ProdExt"
    " ReduceAny ReduceAll Norm LpNormV2 LinalgVectorNorm ArgMaxExt ArgMinExt Argmax Argmin Max Min",
    compute.pool: "MaxPool MaxPoolWithMask MaxPoolWithIndices MaxPoolWithArgmaxV2 MaxPool3D"
    " MaxPool3DWithArgmax AvgPool"
    " AvgPool2D AvgPool3D AvgPool3DExt AvgPool1D AdaptiveAvgPool2D AdaptiveAvgPool2DExt AdaptiveAvgPool1D"
    " AdaptiveAvgPool3D AdaptiveAvgPool3DExt AdaptiveMaxPool2D AdaptiveMaxPool1D ResizeBilinear ResizeBilinearV2"
    " ResizeNearestNeighbor ResizeNearestNeighborV2 ResizeBicubic ResizeLinear1D UpsampleNearest1D UpsampleNearest2D"
    " UpsampleNearest3D UpsampleBilinear2D UpsampleLinear1D UpsampleTrilinear3D UpsampleBicubic2D GridSampler2D"
    " Im2Col Col2Im",
    compute.softmax: "Softmax",
    compute.along: "LogSoftmax LogSoftmaxExt CumSum CumsumExt CumProd Roll TopK TopkExt Sort SortExt",
    compute.deviation: "ReduceStd",
    compute.local_response: "LRN",
    compute.glu: "GLU",
    compute.l2_normalize: "L2Normalize",
    compute.roi_align: "ROIAlign",
    layout.reshape: "Reshape View Flatten FlattenExt ExpandDims ExpandDimsView Squeeze Unsqueeze",
    layout.expand: "BroadcastTo BroadcastToView ExpandAs",
    layout.permute: "Transpose TransposeView TransposeExtView",
    layout.concat: "Concat",
    layout.stack: "Stack StackExt",
    layout.split: "Split SplitTensor SplitTensorView SplitWithSize SplitWithSizeView Chunk ChunkView",
    layout.unstack: "Unstack UnstackExtView Unbind",
    layout.select: "SelectExtView",
    layout.narrow: "Narrow NarrowView SliceExt SliceExtView",
    layout.cut: "Slice StridedSlice",
    layout.flip: "ReverseV2 Flip",
    layout.pad: "Pad PadV3 MirrorPad ConstantPadND ReflectionPad2D ReplicationPad2D",
    layout.repeat: "Tile Repeat",
    layout.look_up: "Gather GatherD IndexSelect",
    layout.look_up_nd: "GatherNd",
    layout.embedding: "Embedding",
    layout.pixel_shuffle: "PixelShuffle",
    layout.prelu: "PReLU",
    indexing.created: "NewZeros NewOnes NewFull NewEmpty",
    indexing.index: INDEX,
    indexing.write: WRITE,
}

RULES: dict[str, Rule] = {name: rule for rule, names in _NAMES.items() for name in names.split()}
"""By the name that dispatch gives the operator."""


def rule_for(name: str) -> Rule | None:
    """The rule of an operator: ours, or one that somebody registered."""
    if name in RULES:
        return RULES[name]
    if any(entry.name == name for entry in Register.entries(RegisterType.OPERATOR_RULE)):
        rule: Rule = Register.get(RegisterType.OPERATOR_RULE, name, "mindspore")
        return rule
    return None
