"""The argument parser: which commands there are, and what each takes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prunekit.core.cli.override_flags import add_file, with_values
from prunekit.registry import RegisterType, did_you_mean

_KINDS = [kind.value for kind in RegisterType]
_ABOUT = ("-h", "--help", "--version")


@dataclass(frozen=True)
class _Command:
    """A command: what its help says, its own arguments, and what it does, with the imports that it needs."""

    about: str
    add: Callable[[argparse.ArgumentParser], None]
    act: Callable[[argparse.Namespace], int]


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what the words say; ``act`` of the result does it. Ends the process where they say nothing."""
    parser = _parser()
    words = with_values(words)
    if words and words[0] not in (*_COMMANDS, *_ABOUT):
        hint = did_you_mean(words[0], _COMMANDS, most=1, cutoff=0.7)
        if hint and not os.path.exists(words[0]):
            parser.error(f"no command and no file {words[0]!r}.{hint}")
        words = ["run", *words]  # as vega: the yml is enough
    return parser.parse_args(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prunekit",
        description="Makes trained networks smaller and faster: prunekit FILE.yml runs a pipeline.",
        epilog="prunekit FILE.yml is short for prunekit run FILE.yml",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        made = commands.add_parser(name, help=command.about, description=command.about)
        made.set_defaults(act=command.act)
        command.add(made)
        made.add_argument("--import", dest="imports", action="append", default=[], metavar="NAME",
                          help="import a module first, so that what it registers can be named")  # fmt: skip
        made.add_argument("--no-plugins", action="store_true", help="use only what prunekit itself brings")
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    add_file(parser, trains=True)
    parser.add_argument("-r", "--resume", action="store_true", help="go on with the task of -t")


def _run(options: argparse.Namespace) -> int:
    from prunekit.core.cli.run import run

    return run(options)


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_run(parser)
    parser.add_argument(
        "--print", action="store_true", dest="show", help="print the yml with every default written out"
    )


def _check(options: argparse.Namespace) -> int:
    from prunekit.core.cli.check import check

    return check(options)


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    add_file(parser, trains=False, optional=True)
    parser.add_argument("--model", metavar="NAME", help="any network by its name, in place of a yml")
    parser.add_argument(
        "--input", action="append", default=[], metavar="SHAPE[:TYPE]", dest="inputs",
        help="what --model is called with, such as 1x3x224x224 or 1x16:int64; once for each argument",
    )  # fmt: skip
    parser.add_argument(
        "--param", action="append", default=[], metavar="KEY=VALUE", dest="params",
        help="what --model is made with, such as num_classes=10",
    )  # fmt: skip
    parser.add_argument(
        "--count-with", metavar="NAME", dest="count_with",
        help="compare prices with what a cost estimator counts on the built network (fvcore), operator by operator",
    )  # fmt: skip
    parser.add_argument("--json", nargs="?", const="-", metavar="OUT.json", help="all of it as JSON")
    parser.add_argument("--graph", metavar="OUT.svg", help="draw the network's graph (with a .dot beside it)")


def _inspect(options: argparse.Namespace) -> int:
    from prunekit.core.cli.inspect_ import inspect

    return inspect(options)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", nargs="?", metavar="TYPE", choices=_KINDS, help=f"one of {', '.join(_KINDS)}")
    _add_json(parser)


def _list(options: argparse.Namespace) -> int:
    from prunekit.core.cli.list_ import list_entries

    return list_entries(options.type, options.json)


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--type", metavar="TYPE", choices=_KINDS, help="where several types have the name")


def _show(options: argparse.Namespace) -> int:
    from prunekit.core.cli.show import show

    return show(options.name, options.type)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _plugins(options: argparse.Namespace) -> int:
    from prunekit.core.cli.plugins import list_plugins

    return list_plugins(options.json)


def _add_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pack", nargs="?", metavar="PACK", help="name of its distribution; without it all are checked")


def _registry_check(options: argparse.Namespace) -> int:
    from prunekit.core.cli.registry_check import registry_check

    return registry_check(options.pack)


def _add_schema(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(json=True)


def _schema(options: argparse.Namespace) -> int:
    from prunekit.core.cli.schema import print_schema

    return print_schema()


def _add_example(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="the one to write; without it all are listed")
    parser.add_argument("-b", "--backend", metavar="BACKEND", help="the framework that it is for")


def _example(options: argparse.Namespace) -> int:
    from prunekit.core.cli.example import list_examples, write_example

    name, backend = options.name, options.backend
    return list_examples(backend) if name is None else write_example(name, backend)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", metavar="WEIGHTS", help="the file to read")
    parser.add_argument("--network", required=True, metavar="NAME", help="the network that they are of")
    parser.add_argument("--from", required=True, dest="source", metavar="BACKEND", help="whose file it is")
    parser.add_argument("--to", required=True, dest="target", metavar="BACKEND", help="for whom to write one")
    parser.add_argument(
        "-o", "--out", metavar="OUT", help="the file to write; by its suffix .safetensors or one of the target's own"
    )
    parser.add_argument(
        "--param", action="append", default=[], metavar="KEY=VALUE", dest="params",
        help="what the network is made with, such as class_num=10",
    )  # fmt: skip
    parser.add_argument("--key", metavar="KEY", help="which of several sets of weights in the file, such as ema")


def _convert(options: argparse.Namespace) -> int:
    from prunekit.core.cli.convert import convert

    return convert(options)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="DESC.json", help="what a run has left, with the weights beside it")
    parser.add_argument("--format", required=True, metavar="FORMAT", help="prunekit list exporter names them")
    parser.add_argument("-o", "--out", metavar="OUT", help="the file to write; without it one beside the description")
    parser.add_argument("--batch", type=int, metavar="N", help="for batches of N samples only, not for any number")
    parser.add_argument("-d", "--device", type=str.upper, choices=("CPU", "GPU", "NPU"), default="CPU",
                        help="where the network runs meanwhile")  # fmt: skip


def _export(options: argparse.Namespace) -> int:
    from prunekit.core.cli.export import export

    return export(options)


_COMMANDS = {
    "run": _Command("run the pipeline of a yml", _add_run, _run),
    "check": _Command("say everything that is wrong with a yml, and run nothing", _add_check, _check),
    "convert": _Command("rename the weights of a network to those of its twin", _add_convert, _convert),
    "export": _Command("write a network of a run for another program, and check the file", _add_export, _export),
    "inspect": _Command("show what can be pruned, what not and why", _add_inspect, _inspect),
    "list": _Command("list what a yml can name", _add_list, _list),
    "show": _Command("show where a name comes from and what it takes", _add_show, _show),
    "plugins": _Command("list the installed packs and hooks, and what became of them", _add_json, _plugins),
    "registry-check": _Command("check packs as their authors should", _add_pack, _registry_check),
    "schema": _Command("print a JSON Schema of the yml for editors", _add_schema, _schema),
    "example": _Command("list the example ymls, or write one into this folder", _add_example, _example),
}


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib_metadata import version

        print(f"prunekit {version('prunekit')}")
        parser.exit()
