"""What ships with prunekit, declared through the door that every pack uses. Importing this imports nothing else."""

from __future__ import annotations

_ROOT = "prunekit.plugins"


def _entry(kind: str, name: str, target: str, backend: str | None = None, **more: object) -> dict[str, object]:
    return {"type": kind, "name": name, "backend": backend, "target": f"{_ROOT}.{target}", **more}


def _backend(name: str, found: str, framework: str, alias: str) -> dict[str, object]:
    return _entry("backend", name, f"backends.{name}.backend:{found}", name, framework=framework, aliases=[alias])


MODULE_REGISTER = [
    _backend("pytorch", "PytorchBackend", "torch", "p"),
    _backend("mindspore", "MindsporeBackend", "mindspore", "m"),
    _entry("cost_estimator", "activations", "cost_estimators.activations:Activations"),
    _entry("cost_estimator", "flops", "cost_estimators.flops:Flops", aliases=["macs"]),
    _entry("cost_estimator", "fvcore", "cost_estimators.fvcore_pytorch:Fvcore", "pytorch"),
    _entry("cost_estimator", "params", "cost_estimators.params:Params"),
    _entry("cost_estimator", "latency", "cost_estimators.latency_pytorch:MeasuredLatency", "pytorch"),
    _entry("cost_estimator", "latency", "cost_estimators.latency_mindspore:MeasuredLatency", "mindspore"),
    _entry("dataset", "Cifar10", "datasets.cifar10:Cifar10"),
    _entry("dataset", "Imagenet", "datasets.imagenet:Imagenet"),
    _entry("dataset", "Mnist5k", "datasets.mnist:Mnist5k"),
    _entry("dataset", "VocDetection", "datasets.voc_detection:VocDetection"),
    _entry("executor", "inline", "executors.inline:Inline"),
    _entry("exporter", "mindir", "exporters.mindir:MindirExporter", "mindspore"),
    _entry("exporter", "onnx", "exporters.onnx_mindspore:OnnxExporter", "mindspore"),
    _entry("exporter", "onnx", "exporters.onnx_pytorch:OnnxExporter", "pytorch"),
    _entry("importance", "compensation", "importance.compensation:Compensation"),
    _entry("importance", "l1", "importance.l1:L1"),
    _entry("importance", "random", "importance.random_order:Random"),
    _entry("metric", "accuracy", "metrics.accuracy:Accuracy"),
    _entry("metric", "mAP", "metrics.mean_ap:MeanAP"),
    _entry("metric", "mAP50", "metrics.mean_ap:MeanAP50"),
    _entry("metric", "mIoU", "metrics.mean_iou:MeanIoU"),
    _entry("pipe_step", "SearchPipeStep", "pipe_steps.search:SearchPipeStep"),
    _entry("pipe_step", "TrainPipeStep", "pipe_steps.train:TrainPipeStep"),
    _entry("reward", "acc_abs_latency", "rewards.acc_abs_latency:AccAbsLatency"),
    _entry("reward", "acc_flops", "rewards.acc_flops:AccFlops"),
    _entry("reward", "acc_latency", "rewards.acc_latency:AccLatency"),
    _entry("reward", "acc_params", "rewards.acc_params:AccParams"),
    _entry("search_algorithm", "PruneAMC", "search_algorithms.prune_amc:PruneAMC"),
    _entry("search_algorithm", "closed_form", "search_algorithms.closed_form:ClosedForm"),
    _entry("search_algorithm", "random", "search_algorithms.random_search:RandomSearch"),
    _entry("search_algorithm", "uniform", "search_algorithms.uniform:Uniform"),
    _entry("trainer", "Trainer", "trainers.pytorch.trainer:Trainer", "pytorch"),
    _entry("trainer", "Trainer", "trainers.mindspore.trainer:Trainer", "mindspore"),
]
