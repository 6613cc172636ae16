"""``prunekit check``: everything that is wrong with a yml."""

from __future__ import annotations

import argparse
import sys

import yaml

from prunekit.core.cli.config_file import print_warning, print_warnings, read_config
from prunekit.core.cli.data_output import print_data
from prunekit.core.config import printable
from prunekit.registry.errors import MESSAGE, escaped, one_line


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with a yml, or print how it is understood."""
    config = read_config(options)
    print_warnings(config)
    if not options.show:  # how a yml is understood can be seen without its data
        from prunekit.core.pipeline.datasets import Datasets  # here: a yml with mistakes is refused sooner
        from prunekit.core.pipeline.preflight import look_ahead

        data = Datasets(config.general.backend, print_warning)
        look_ahead(config.steps.values(), data, config.general.backend)
    steps = f"{len(config.pipeline)} step{'s' if len(config.pipeline) > 1 else ''}: {', '.join(config.pipeline)}"
    told = f"{one_line(options.file, MESSAGE)}: no mistakes found; {escaped(steps)}"
    print(told, file=sys.stderr if options.show else sys.stdout)
    if options.show:
        print_data(yaml.safe_dump(printable(config), sort_keys=False, allow_unicode=True).rstrip("\n"))
    return 0
