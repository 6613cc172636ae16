"""Checks mutated ymls in this process, and runs those that pass on a tiny network: no tracebacks, nothing above 10 s.

python benchmarks/mutated_ymls.py --checks 10000 --runs 100
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("PRUNEKIT_TEST_BACKEND", "pytorch")
sys.path[:0] = [str(ROOT / "tests" / "shared"), str(ROOT / "tests" / "packs"), str(ROOT / "tests")]

from conftest import TINY  # noqa: E402
from mutations import mutated_yml  # noqa: E402

from prunekit.core.cli.main import main  # noqa: E402

LIMIT = 10.0  # seconds of this process's own time
RUN = (
    TINY.replace("epochs: 3", "epochs: 1")
    .replace("train_episode: 8", "train_episode: 1")
    .replace("top_k: 2", "top_k: 1")
)


class TooLongError(BaseException):
    """A command took longer than any yml may."""


def tried(*words: str) -> tuple[int | str, float, str]:
    """The exit code, or the name of what was raised; seconds of this process; what was said."""
    said, started = io.StringIO(), time.process_time()
    code: int | str
    signal.setitimer(signal.ITIMER_PROF, 6 * LIMIT)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(list(words))
    except BaseException as problem:
        code = type(problem).__name__
        said.write(traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return code, time.process_time() - started, said.getvalue()


class Tally:
    """What became of the commands of one kind."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.codes: collections.Counter[str] = collections.Counter()
        self.tracebacks = self.slow = 0
        self.longest = 0.0

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(self.codes.values())

    def count(self, code: int | str, seconds: float, said: str) -> bool:
        """Count one; whether it is a failure."""
        self.codes[str(code)] += 1
        wrong, slow = raised(code, said), seconds > LIMIT
        self.tracebacks += wrong
        self.slow += slow
        self.longest = max(self.longest, seconds)
        return wrong or slow

    def __str__(self) -> str:
        return (
            f"{self.title}: {self.total}; exit codes {dict(self.codes)}; tracebacks {self.tracebacks};"
            f" above {LIMIT:.0f} s {self.slow}; the longest {self.longest:.1f} s"
        )


def raised(code: int | str, said: str) -> bool:
    """Whether a user saw a traceback, or text that no terminal should be given."""
    return isinstance(code, str) or "Traceback" in said or not said.replace("\n", "").isprintable()


def sources() -> list[str]:
    """The example ymls, with paths that are there, and the tiny one."""
    Path("data.pth").touch()
    for number in range(20):
        image = Path("data", "train" if number % 2 else "val", "n01440764", f"{number}.JPEG")
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    found = [TINY, TINY, RUN]
    for path in sorted((ROOT / "examples").rglob("*.yml")):
        text = re.sub(r"/path/to/[^\s,}'\"]*\.\w+", "data.pth", path.read_text(encoding="utf-8"))
        text = re.sub(r"/path/to/[^\s,}'\"]*", "data", text)
        found.append(text.replace("backend: mindspore", f"backend: {os.environ['PRUNEKIT_TEST_BACKEND']}"))
    return found


def checks(count: int, seed: int) -> Iterator[tuple[str, str, int | str, float, str]]:
    """Check so many mutants."""
    rng, texts = random.Random(seed), sources()
    for number in range(count):
        source = rng.choice(texts)
        text = mutated_yml(source, rng)
        Path("a.yml").write_text(text, encoding="utf-8", errors="surrogatepass")
        yield f"check-{number}", text, *tried("check", "a.yml", "--import", "tinypack")


def runs(count: int, seed: int) -> Iterator[tuple[str, str, int | str, float, str]]:
    """Run so many mutants that pass the check, for one episode."""
    rng, number = random.Random(seed + 1), 0
    while number < count:
        text = mutated_yml(RUN, rng)
        Path("a.yml").write_text(text, encoding="utf-8", errors="surrogatepass")
        if text == RUN or "train_episode: 1\n" not in text:  # 800 episodes take longer
            continue
        if tried("check", "a.yml", "--import", "tinypack", "-t", "t")[0] != 0:
            continue
        number += 1
        yield f"run-{number}", text, *tried("a.yml", "--import", "tinypack", "-t", "t")
        for path in Path.cwd().iterdir():
            if path.is_dir() and path.name != "data":
                shutil.rmtree(path)


def main_() -> int:
    """Print the counts; keep every yml that ended in a traceback or took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the ymls that failed")
    options = parser.parse_args()

    def stop(number: int, frame: Any) -> None:
        raise TooLongError

    signal.signal(signal.SIGPROF, stop)
    failures = 0
    keep = options.keep.resolve() if options.keep else None
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for title, found in (
            ("checks", checks(options.checks, options.seed)),
            ("runs", runs(options.runs, options.seed)),
        ):
            tally = Tally(title)
            for name, text, code, seconds, said in found:
                wrong = tally.count(code, seconds, said)
                if wrong and keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{name}.yml").write_text(text, encoding="utf-8", errors="surrogatepass")
                    (keep / f"{name}.txt").write_text(f"{code} {seconds:.1f}\n{said}", errors="replace")
                if tally.total % 500 == 0:
                    print(tally, file=sys.stderr, flush=True)
            print(tally, flush=True)
            failures += tally.tracebacks + tally.slow
        os.chdir(home)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main_())
