"""What the guide's and vega's ymls may hold and prunekit does not have yet: refused by name, never ignored."""

from __future__ import annotations

from prunekit.registry import RegisterType

NOT_YET: dict[str, frozenset[str]] = {
    "general": frozenset(
        {
            "clean_worker_dir", "cluster", "dataset_sink_mode", "device_evaluate_before_train", "devices_per_trainer",
            "logger", "ms_execute_mode", "python_command", "quota", "requires", "skip_trainer_error", "worker",
        }
    ),
    "task": frozenset({"backup_base_path", "use_backup", "output_subpath", "result_path", "best_model_subpath"}),
    "step": frozenset({"evaluator", "search_space"}),
    "pipe_step": frozenset({"hps_folder", "load_weights", "models_file", "hps_file"}),
    "model": frozenset({"head", "models_folder"}),
    "model_desc": frozenset({"neck", "head", "loss"}),
    "search_algorithm": frozenset({"codec", "policy", "range", "input_pickle_path"}),
    "trainer": frozenset(
        {
            "amp", "callbacks", "calc_latency", "distributed", "grad_clip", "input_pickle_path", "max_train_steps",
            "mixup", "opt_level", "report_freq", "save_checkpoint", "script", "syncbn", "use_amp", "valid_interval",
            "with_train", "with_valid",
        }
    ),
    "dataset": frozenset({"transforms", "train_portion"}),
    "pruning": frozenset({"refit"}),
}  # fmt: skip
"""Keys, by section. A key is looked up here only where nothing takes it."""

NAMES_NOT_YET: dict[RegisterType, frozenset[str]] = {
    RegisterType.PIPE_STEP: frozenset({"HcclTrainStep", "HorovodTrainStep", "Benchmark", "MultiTask"}),
    RegisterType.TRAINER: frozenset({"ScriptRunner"}),
}
"""Component names, by kind. A name is looked up here only where nobody registered it."""
