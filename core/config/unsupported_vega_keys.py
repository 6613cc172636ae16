"""Keys and names of vega's that prunekit does not take: what has no effect here is said once, the rest is refused."""

from __future__ import annotations

from collections.abc import Iterable

from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.registry import RegisterType

_ONE_PROCESS = "the pipeline runs in one process on one machine"
_FIXED_FOLDERS = "the folders of a task have fixed names"
_EVERY_EPOCH = "every epoch is reported and evaluated"
_AMP = "mixed precision is the framework's own; say use_amp"
_SAYS_ITSELF = "the network's loss, the dataset's targets and the metric say what is trained"
_ONE_NETWORK = "register one network that holds all of its parts, and name it as backbone"
_LOADING = "loading is set by num_workers alone"

IGNORED: dict[str, dict[str, str]] = {
    "general": {
        "TF_CPP_MIN_LOG_LEVEL": "there is no TensorFlow",
        "calc_params_each_epoch": "costs are computed once for each network",
        "clean_worker_dir": "a step removes its checkpoints when it has ended",
        "cluster": _ONE_PROCESS,
        "data_format": "each backend has its own",
        "dataset_sink_mode": "data is read by the process that trains",
        "device_evaluate_before_train": "the device of device_category evaluates",
        "devices_per_trainer": "one device trains a network for now",
        "env": "set variables of the environment before the command",
        "logger": "everything is logged in logs/pipeline.log",
        "message_port": _ONE_PROCESS,
        "ms_execute_mode": "each backend has its own",
        "python_command": _ONE_PROCESS,
        "quota": "say search_algorithm.budget instead",
        "requires": "install what is needed before the command",
        "security": "no file is unpickled and a yml imports nothing, always",
        "skip_trainer_error": "a candidate that fails is recorded and left out, always",
        "worker": _ONE_PROCESS,
        "workers_num": _ONE_PROCESS,
    },
    "task": {
        "backup_base_path": "copy the task's folder",
        "best_model_subpath": _FIXED_FOLDERS,
        "log_subpath": _FIXED_FOLDERS,
        "output_subpath": _FIXED_FOLDERS,
        "result_path": _FIXED_FOLDERS,
        "result_subpath": _FIXED_FOLDERS,
        "use_backup": "copy the task's folder",
        "worker_subpath": _FIXED_FOLDERS,
    },
    "step": {"evaluator": "a step evaluates on its dataset's val and test, on the device of general.device_category"},
    "search_algorithm": {"codec": "every algorithm has its own"},
    "trainer": {
        "apex_combine_grad": _AMP,
        "apex_loss_scale": _AMP,
        "calc_latency": "latency is measured at the end of the run",
        "calc_params_each_epoch": "costs are computed once for each network",
        "call_metrics_on_train": _EVERY_EPOCH,
        "eval_per_epoch": _EVERY_EPOCH,
        "get_train_metric_after_epoch": _EVERY_EPOCH,
        "is_detection_trainer": _SAYS_ITSELF,
        "keep_batchnorm_fp32": _AMP,
        "lazy_built": "networks are built when their turn comes",
        "load_checkpoint": "say -r to go on with a training",
        "loss_scale": _AMP,
        "model_statistics": "costs are computed once for each network",
        "opt_level": _AMP,
        "report_freq": _EVERY_EPOCH,
        "report_on_epoch": _EVERY_EPOCH,
        "report_on_valid": _EVERY_EPOCH,
        "save_checkpoint": "every epoch is saved until the step has ended",
        "save_ext_model": "weights are written as safetensors",
        "save_model_desc": "the description is written with every network",
        "save_steps": "every epoch is saved until the step has ended",
        "task": _SAYS_ITSELF,
        "train_report_steps": _EVERY_EPOCH,
        "train_verbose": _EVERY_EPOCH,
        "valid_interval": _EVERY_EPOCH,
        "valid_report_steps": _EVERY_EPOCH,
        "valid_verbose": _EVERY_EPOCH,
        "with_valid": _EVERY_EPOCH,
    },
    "dataset": {
        "buffer_size": _LOADING,
        "n_class": "the network's class_num says it",
        "num_parallel_batches": _LOADING,
        "num_parallel_calls": _LOADING,
        "pin_memory": _LOADING,
    },
}
"""Keys without effect, by section, with the reason. A key is looked up here only where nothing takes it."""

NOT_YET: dict[str, dict[str, str]] = {
    "step": {"search_space": "search_algorithm.lbound, rbound and specific_bound bound the search"},
    "pipe_step": {
        "hps_file": "",
        "hps_folder": "",
        "load_weights": "networks are trained on from the weights that the earlier step left",
        "models_file": "say models_folder",
    },
    "model": {
        "head": _ONE_NETWORK,
        "model_file": "say pretrained_model_file",
        "models_folder": "say pipe_step.models_folder",
    },
    "model_desc": {"head": _ONE_NETWORK, "neck": _ONE_NETWORK},
    "search_algorithm": {
        "policy": "say train_episode for the number of samples",
        "range": "say lbound, rbound and specific_bound",
    },
    "trainer": {
        "adaptive_muti_loss": "",
        "amp": "say use_amp",
        "callbacks": "progress, checkpoints and evaluation need none",
        "distributed": "one device trains a network",
        "is_gan_trainer": "",
        "max_train_steps": "say epochs, or fewer samples in the dataset",
        "mixup": "",
        "multi_task": "",
        "pretrained_model_file": "say model.pretrained_model_file",
        "script": "",
        "syncbn": "one device trains a network",
        "train_in_once": "",
        "use_unsupervised_pretrain": "",
        "with_train": "say epochs: 0 for no training",
    },
    "dataset": {
        "distributed": "one device reads all of the data",
        "download": "download the data yourself and say data_path",
        "fp16": "say trainer.use_amp",
        "imgs_per_gpu": "say batch_size",
    },
    "pruning": {"refit": ""},
}
"""Keys that would change what a run does, by section, with what to do meanwhile; looked up like those above."""

READ_BY_THE_STEP: dict[str, tuple[str, ...]] = {"trainer": ("metric",)}
"""Keys, by section, that the step's reader takes where the component of the section does not."""

_AS_IT_IS: dict[tuple[str, str], tuple[object, ...]] = {
    ("pipe_step", "load_weights"): (True,),
    ("trainer", "with_train"): (True,),
}
_OFF: tuple[object, ...] = (None, False, [], {})

NAMES_NOT_YET: dict[RegisterType, dict[str, str]] = {
    RegisterType.PIPE_STEP: {
        "HcclTrainStep": "it trains on several cards. TrainPipeStep trains on one",
        "HorovodTrainStep": "it trains on several cards. TrainPipeStep trains on one",
        "Benchmark": "",
        "MultiTask": "",
    },
    RegisterType.TRAINER: {"ScriptRunner": ""},
}
"""Component names, by kind, with what to do meanwhile. A name is looked up here only where nobody registered it."""


def without_foreign(block: Node, section: str, known: Iterable[object], findings: Findings) -> Node:
    """Return a block without the keys of vega's that ``section`` has no use for, each of them told.

    A key of ``NOT_YET`` whose value says what happens anyway (``distributed: False``) is dropped without a word.
    """
    taken = set(known)
    others = [(key, node) for key, node in block.entries.items() if key not in taken]
    return block.without(*(key for key, node in others if _told(node, str(key), section, findings)))


def not_yet(name: object, words: str) -> str:
    """The sentence that refuses a key or a name."""
    return f"{str(name)!r} is not supported yet" + (f": {words}" if words else "")


def _told(node: Node, name: str, section: str, findings: Findings) -> bool:
    if name in READ_BY_THE_STEP.get(section, ()):
        return True
    ignored, refused = IGNORED.get(section, {}), NOT_YET.get(section, {})
    if name in ignored:
        findings.warn(node, f"{name!r} is not used: {ignored[name]}")
    elif name in refused and node.to_python() not in _AS_IT_IS.get((section, name), _OFF):
        findings.problem(node, not_yet(name, refused[name]))
    return name in ignored or name in refused
