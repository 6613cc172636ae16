"""The command line. Only what a command needs is imported, and only when it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from prunekit.registry import PrunekitError, Register, RegisterType

COMMANDS = ("run", "check", "inspect", "list")
_ABOUT = ("-h", "--help", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    0 is well, 2 a mistake that the message says how to mend, 130 stopped by Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] not in (*COMMANDS, *_ABOUT):
        words.insert(0, "run")  # as vega: the yml is enough
    options = _parser().parse_args(words)
    try:
        _warn_of_broken_packs()
        return _dispatch(options)
    except PrunekitError as problem:
        # the mistakes of a yml begin with file:line, so that editors find them
        print(problem if hasattr(problem, "problems") else f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, head or less, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:  # a full disk, a folder that may not be written: the system's words say it
        print(f"error: {problem.strerror or problem}: {problem.filename or ''}".rstrip(": "), file=sys.stderr)
        return 2


def _dispatch(options: argparse.Namespace) -> int:
    if options.command == "list":
        from prunekit.core.cli.listing import list_entries

        return list_entries(options.type, options.json)
    from prunekit.core.cli import commands

    action = {"run": commands.run, "check": commands.check, "inspect": commands.inspect}
    return action[options.command](options)


def _warn_of_broken_packs() -> None:
    for pack in Register.packs():
        if pack.error:
            print(f"warning: pack {pack.name} of {pack.distribution} {pack.version} is not used: {pack.error}",
                  file=sys.stderr)  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prunekit",
        description="Makes trained networks smaller and faster: prunekit FILE.yml runs a pipeline.",
        epilog="prunekit FILE.yml is short for prunekit run FILE.yml",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the pipeline of a yml")
    _takes_file(run)
    run.add_argument("-r", "--resume", action="store_true", help="go on with the task of -t")
    run.add_argument("-t", "--task_id", metavar="TASK_ID", help="name of the task and of its folder")
    check = commands.add_parser("check", help="say everything that is wrong with a yml, and run nothing")
    _takes_file(check)
    check.add_argument("-t", "--task_id", metavar="TASK_ID", help=argparse.SUPPRESS)
    inspect = commands.add_parser("inspect", help="show what can be pruned, what not and why")
    _takes_file(inspect)
    inspect.add_argument("--graph", metavar="OUT.svg", help="draw the network's graph (with a .dot beside it)")
    listing = commands.add_parser("list", help="list what a yml can name")
    listing.add_argument("type", nargs="?", metavar="TYPE", choices=[kind.value for kind in RegisterType],
                         help=f"one of {', '.join(kind.value for kind in RegisterType)}")  # fmt: skip
    listing.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _takes_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.yml")
    parser.add_argument("-b", "--backend", metavar="BACKEND", help="in place of general.backend")
    parser.add_argument("-d", "--device", choices=["CPU", "GPU", "NPU"], help="in place of general.device_category")
    parser.add_argument("--import", dest="imports", action="append", default=[], metavar="MODULE",
                        help="import a module first, so that what it registers can be named")  # fmt: skip


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"prunekit {version('prunekit')}")
        parser.exit()
