"""The tests of a module are found by its path."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("core", "docs", "examples", "model_zoo", "plugins", "registry")


def subject(test: Path) -> Path | None:
    """The module or package that a file of tests is about; None where its path names none.

    ``tests/a/test_b.py`` is about ``a/b.py``, or about the package ``a/b``, or about ``a`` where ``b`` is its name; a
    module that needs several files of tests has a folder for them: ``tests/a/b/test_topic.py``.
    """
    folder, name = ROOT / test.parent, test.stem.removeprefix("test_")
    choices = [folder / f"{name}.py", folder / f"{name}_.py", folder / name, folder.with_suffix(".py")]
    if name == folder.name:
        choices.append(folder)
    return next((path for path in choices if path.exists()), None)


def test_every_file_of_tests_mirrors_a_module() -> None:
    """Files beside this one are about the tree as a whole."""
    tests = [path.relative_to(ROOT / "tests") for part in PARTS for path in (ROOT / "tests" / part).rglob("test_*.py")]
    assert len(tests) > 100
    assert [str(path) for path in tests if subject(path) is None] == []


def test_a_file_of_no_module_is_found_out() -> None:
    assert subject(Path("core/pipeline/test_run.py")) == ROOT / "core/pipeline/run.py"
    assert subject(Path("core/pipeline/run/test_interrupted.py")) == ROOT / "core/pipeline/run.py"
    assert subject(Path("plugins/rewards/test_rewards.py")) == ROOT / "plugins/rewards"
    assert subject(Path("core/pipeline/test_interrupted.py")) is None
