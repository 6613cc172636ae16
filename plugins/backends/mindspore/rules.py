"""Which rule says what an operator of MindSpore's does to channels."""

from __future__ import annotations

from prunekit.core.recording import Rule
from prunekit.plugins.backends.mindspore import rules_compute as compute
from prunekit.plugins.backends.mindspore import rules_indexing as indexing
from prunekit.plugins.backends.mindspore import rules_layout as layout
from prunekit.plugins.backends.mindspore import rules_places as places
from prunekit.plugins.backends.mindspore import rules_reduce as reductions
from prunekit.plugins.backends.mindspore import rules_spatial as spatial
from prunekit.plugins.backends.mindspore.dispatch import INDEX, WRITE
from prunekit.registry import Register, RegisterType

_NAMES: dict[Rule, str] = {
    compute.pointwise: "Add AddExt Adds AddN AddScalar AccumulateNV2 Sub SubExt Subs SubScalar Mul Muls Div Divs"
    " RealDiv DivMod DivMods DivNoNan MulNoNan FloorDiv FloorDivScalar FloorMod FmodScalar FmodTensor Mod TruncateDiv"
    " TruncateMod RemainderScalarTensor RemainderTensorScalar RemainderTensorTensor Neg InplaceAddExt InplaceAddsExt"
    " InplaceSubExt InplaceSubScalar InplaceMul InplaceMuls InplaceDiv InplaceDivs InplaceReLU InplaceCopy"
    " InplaceSigmoid InplaceTanh InplaceSiLU InplaceElu InplaceHardtanh InplaceThreshold InplaceExp InplaceLog"
    " InplaceSign InplaceFloor InplaceClampScalar InplaceClampTensor InplaceZero InplaceFillScalar InplaceFillTensor"
    " InplaceMaskedFillScalar InplaceMaskedFillTensor InplaceUniform InplaceNormal Cast Contiguous Identity"
    " StopGradient Detach Depend Clone Copy ReLU ReLU6 ReLUV2 ReLUV3 SiLU SiLUV2 HSwish HSigmoid HShrink SoftShrink"
    " Sigmoid Tanh Gelu GeLU GeluExt FastGelu FastGeLU Mish MishExt Elu EluExt SeLU SeLUExt CeLU Softplus SoftplusExt"
    " Softsign LogSigmoid Hardtanh Threshold LeakyReLU LeakyReLUExt Exp Exp2 Expm1 Log Log2 Log10 Log1p LogAddExp"
    " LogAddExp2 Sqrt Rsqrt Square Pow PowTensorScalar PowScalarTensor Reciprocal Inv Abs Sign Sin Cos Tan ACos Acos"
    " AcosExt Acosh Asin AsinExt Asinh Atan AtanExt Atan2 Atan2Ext Atanh Sinh Cosh Sinc Erf Erfc Erfinv Ceil Floor"
    " Round Rint Trunc Frac Hypot Maximum Minimum Fmax Fmin Clip ClampScalar ClampTensor Dropout DropoutExt"
    " DropoutDoMaskExt FuncDropoutExt Dropout2D Dropout2dExt Dropout3D Select SelectV2 Where MaskedFill"
    " MaskedFillScalar Greater GreaterEqual GreaterEqualScalar Less LessEqual LessScalar Equal EqualExt EqScalar"
    " NotEqual IsClose LogicalAnd LogicalOr LogicalXor LogicalNot BitwiseAnd BitwiseAndScalar BitwiseAndTensor"
    " BitwiseOr BitwiseOrScalar BitwiseOrTensor BitwiseXor BitwiseXorScalar BitwiseXorTensor BitwiseNot Invert IsNan"
    " IsInf IsNegInf IsFinite NanToNum Addcmul AddcmulExt Addcdiv AddcdivExt Lerp LerpScalar SquaredDifference Xdivy"
    " Xlogy XLogYScalarOther XLogYScalarSelf HSwishV2 Swiglu Logit Real Imag Angle Conj Complex ComplexAbs Polar",
    compute.like: "ZerosLike OnesLike ZerosLikeExt OnesLikeExt FullLike RandLikeExt RandnLike RandIntLike EmptyLike"
    " Bucketize",
    compute.bias_add: "BiasAdd",
    compute.convolution: "Conv2D Conv3D Conv2DTranspose Conv3DTranspose Conv2DExt Conv1DExt Conv3DExt"
    " DepthwiseConv2dNative",
    compute.matmul: "MatMul MatMulExt BatchMatMul BatchMatMulExt Mm BmmExt Mv Dot Vdot",
    compute.outer: "Ger Outer",
    compute.distances: "Cdist",
    compute.dense: "Dense",
    compute.addmm: "Addmm Baddbmm",
    compute.batch_norm: "BatchNorm BatchNormExt SyncBatchNorm",
    compute.layer_norm: "LayerNorm LayerNormExt LayerNormV3",
    compute.group_norm: "GroupNorm",
    compute.glu: "GLU",
    reductions.reduce: "ReduceMean MeanExt ReduceSum SumExt Nansum CountNonZero ReduceMax ReduceMin AMax AMin Max Min"
    " LogSumExp Var Std ReduceProd ProdExt ReduceAny ReduceAll Norm LpNorm LpNormV2 LinalgVectorNorm ArgMaxExt"
    " ArgMinExt Argmax Argmin",
    reductions.extreme_after_place: "ArgMaxWithValue ArgMinWithValue",
    reductions.extreme_before_place: "MaxDim MinDim",
    reductions.ranking: "Median MedianExt MedianDim Kthvalue",
    reductions.deviation: "ReduceStd",
    reductions.softmax: "Softmax LogSoftmax LogSoftmaxExt",
    reductions.running: "CumSum CumsumExt CumProd Cummax Cummin CumminExt CumulativeLogsumexp",
    reductions.ranked: "TopK TopkExt Sort SortExt ArgSort",
    reductions.along: "Roll",
    reductions.renorm: "Renorm",
    reductions.l2_normalize: "L2Normalize",
    reductions.loss: "SmoothL1Loss L1LossExt MSELossExt KLDiv KLDivLoss BCEWithLogitsLoss BinaryCrossEntropy"
    " SoftMarginLoss SigmoidCrossEntropyWithLogits",
    reductions.class_loss: "NLLLoss NLLLoss2d",
    reductions.by_values: "NonZero NonZeroExt MaskedSelect MaskedScatter Unique Unique2 UniqueConsecutive Multinomial"
    " MultinomialExt Bincount BincountExt SearchSorted NMSWithMask NonMaxSuppressionV3",
    reductions.of_matrices: "MatrixInverse MatrixInverseExt MatrixExp MatrixPower MatrixDeterminant"
    " LogMatrixDeterminant MatrixSolve Svd Qr Cholesky Cross",
    spatial.pool: "MaxPool MaxPoolWithMask MaxPoolWithIndices MaxPoolWithArgmax MaxPoolWithArgmaxV2 MaxPool3D"
    " MaxPool3DWithArgmax FractionalMaxPoolWithFixedKsize AvgPool AvgPool2D AvgPool3D AvgPool3DExt AvgPool1D"
    " AdaptiveAvgPool2D AdaptiveAvgPool2DExt AdaptiveAvgPool1D AdaptiveAvgPool3D AdaptiveAvgPool3DExt"
    " AdaptiveMaxPool1D AdaptiveMaxPool2D AdaptiveMaxPool3D ResizeBilinear ResizeBilinearV2 ResizeNearestNeighbor"
    " ResizeNearestNeighborV2 ResizeBicubic ResizeLinear1D UpsampleNearest1D UpsampleNearest2D UpsampleNearest3D"
    " UpsampleBilinear2D UpsampleLinear1D UpsampleTrilinear3D UpsampleBicubic2D Im2Col Col2Im",
    spatial.local_response: "LRN",
    spatial.unpool: "MaxUnpool2D MaxUnpool2DExt MaxUnpool3D",
    spatial.roi_align: "ROIAlign",
    spatial.crops: "CropAndResize",
    spatial.sample: "GridSampler2D GridSampler3D",
    spatial.grid: "AffineGrid",
    spatial.bent: "DeformableOffsets",
    spatial.fourier: "FFT FFT2 FFTN IFFT IFFT2 IFFTN RFFT RFFT2 RFFTN IRFFT IRFFT2 IRFFTN HFFT HFFT2 HFFTN IHFFT"
    " IHFFT2 IHFFTN FFTShift IFFTShift",
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
    layout.pad: "Pad PadV3 MirrorPad ConstantPadND ReflectionPad1D ReflectionPad2D ReflectionPad3D ReplicationPad1D"
    " ReplicationPad2D ReplicationPad3D",
    layout.repeat: "Tile Repeat",
    layout.pixel_shuffle: "PixelShuffle",
    layout.prelu: "PReLU",
    places.look_up: "Gather IndexSelect",
    places.gather: "GatherD",
    places.look_up_nd: "GatherNd",
    places.embedding: "Embedding",
    places.scatter: "TensorScatterElements Scatter ScatterValue ScatterAddExt InplaceScatterAdd InplaceScatterSrc",
    places.index_add: "IndexAdd IndexAddExt InplaceIndexAddExt InplaceIndexCopy IndexFillScalar IndexFillTensor",
    places.scatter_rows: "TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMul TensorScatterDiv"
    " TensorScatterMax TensorScatterMin",
    places.scattered: "ScatterNd",
    places.segments: "UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd",
    places.diagonal: "Diagonal",
    places.triangle: "Tril TrilExt Triu",
    places.space_to_depth: "SpaceToDepth",
    places.depth_to_space: "DepthToSpace",
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
