"""The yml: read, checked as a whole, every mistake on one line with its place."""

from prunekit.core.config.component_reader import ComponentSpec
from prunekit.core.config.config_classes import (
    DatasetConfig,
    ModelConfig,
    PruningConfig,
    RunConfig,
    SplitConfig,
    StepConfig,
)
from prunekit.core.config.dump import plain, printable
from prunekit.core.config.general import GeneralConfig, TaskConfig
from prunekit.core.config.load import load_config
from prunekit.core.config.problems import ConfigError, Problem

__all__ = [
    "ComponentSpec",
    "ConfigError",
    "DatasetConfig",
    "GeneralConfig",
    "ModelConfig",
    "Problem",
    "PruningConfig",
    "RunConfig",
    "SplitConfig",
    "StepConfig",
    "TaskConfig",
    "load_config",
    "plain",
    "printable",
]
