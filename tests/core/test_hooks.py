from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from results import counted

from prunekit.core.hooks import Hooks, HookSpecs, SearchInfo, StepInfo
from prunekit.core.search.trial import Record
from prunekit.registry import HOOKS, Register

SEARCH = SearchInfo("t", "nas", Path("out"), "pytorch", "PruneAMC", 8)
RECORD = Record(3, None, counted(9, 10))
START = "from prunekit.core.hooks import hookimpl\nsaid = []\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Leave what pip leaves of a package with hooks: its module, and a dist-info with an entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PRUNEKIT_BLOCK", raising=False)
    made: list[str] = []

    def leave(name: str, text: str, value: str = "") -> None:
        made.append(name)
        (tmp_path / f"{name}.py").write_text(START + text)
        info = tmp_path / f"{name}-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[{HOOKS}]\nmine = {name}{value}\n")

    with Register.isolated():
        yield leave
    for name in made:
        sys.modules.pop(name, None)


def _installed() -> tuple[Hooks, list[str]]:
    warned: list[str] = []
    return Hooks.installed(warned.append), warned


GOOD = """
@hookimpl
def search_started(search): said.append(search.algorithm)
@hookimpl
def episode_end(search, record): said.append((search.step, record.id, record.result.value))
@hookimpl
def search_finished(best): said.append(len(best))
@hookimpl
def step_finished(): said.append("step")
"""


def test_every_notification_arrives_with_the_arguments_that_are_asked_for(install: Callable[..., None]) -> None:
    install("good", GOOD)
    hooks, warned = _installed()
    hooks.search_started(SEARCH)
    hooks.episode_end(SEARCH, RECORD)
    hooks.search_finished(SEARCH, (RECORD,))
    hooks.step_finished(StepInfo("t", "nas", "SearchPipeStep", Path("out"), ()))
    assert sys.modules["good"].said == ["PruneAMC", ("nas", 3, 0.9), 1, "step"]
    assert warned == []
    (record,) = hooks.records
    assert (record.name, record.origin, record.status, record.group, record.count) == (
        "mine", "good 2.0", "loaded", HOOKS, 4,
    )  # fmt: skip


def test_a_raising_hook_is_told_once_and_stops_nobody(install: Callable[..., None]) -> None:
    for name in ("a_good", "c_good"):
        install(name, GOOD)
    install("b_bad", "@hookimpl\ndef episode_end(record): raise SystemExit('enough')\n")
    hooks, warned = _installed()
    for _ in range(3):
        hooks.episode_end(SEARCH, RECORD)
    assert warned == ["hook episode_end of b_bad 2.0 raised SystemExit: enough (told once; the run goes on)"]
    assert len(sys.modules["a_good"].said) == len(sys.modules["c_good"].said) == 3


def test_the_keyboard_still_stops_a_run(install: Callable[..., None]) -> None:
    install("quits", "@hookimpl\ndef search_started(): raise KeyboardInterrupt\n")
    hooks, _ = _installed()
    with pytest.raises(KeyboardInterrupt):
        hooks.search_started(SEARCH)


@pytest.mark.parametrize(
    ("answers", "expected"), [(["None", "None"], None), (["False", "True"], True), (["True", "None"], True), ([], None)]
)
def test_the_first_answer_decides(install: Callable[..., None], answers: list[str], expected: bool | None) -> None:
    for number, answer in enumerate(answers):
        install(f"decides{number}", f"@hookimpl\ndef should_stop(record): return {answer}\n")
    hooks, warned = _installed()
    assert hooks.should_stop(SEARCH, RECORD) is expected
    assert warned == []


def test_a_decision_that_raises_counts_as_none(install: Callable[..., None]) -> None:
    install("a_decides", "@hookimpl\ndef should_stop(record): return record.result.value > 0.8\n")
    install("b_raises", "@hookimpl\ndef should_stop(search): return 1 / 0\n")
    hooks, warned = _installed()
    assert hooks.should_stop(SEARCH, RECORD) is True
    assert warned == ["hook should_stop of b_raises 2.0 raised ZeroDivisionError: division by zero (told once; the"
                      " run goes on)"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("@hookimpl\ndef epsiode_end(): pass", "", "there is no hook 'epsiode_end'. Did you mean 'episode_end'?"),
        ("@hookimpl\ndef episode_end(recrod): pass", "", "episode_end is given no 'recrod'. Did you mean 'record'?"),
        ("@hookimpl\ndef step_finished(x): pass", "", "step_finished is given no 'x'; there are step"),
        ("def episode_end(): pass", "", "it implements no hook; mark its functions with @hookimpl of prunekit"),
        ("class P:\n @hookimpl\n def episode_end(self): pass", ":P", "P is a class; the entry point must name a"),
        ("@hookimpl(wrapper=True)\ndef step_finished(): yield", "", "step_finished is a wrapper"),
        ("raise ImportError('no')", "", "ImportError: no"),
        ("raise SystemExit(3)", "", "SystemExit: 3"),
    ],
)
def test_a_plugin_that_is_wrong_is_left_out_alone(
    install: Callable[..., None], text: str, value: str, said: str
) -> None:
    install("a_bad", text, value)
    install("b_good", GOOD)
    hooks, (warning,) = _installed()
    assert warning.startswith("hooks mine of a_bad 2.0 are not used: ") and said in warning
    hooks.search_started(SEARCH)
    assert sys.modules["b_good"].said == ["PruneAMC"]
    assert [record.status for record in hooks.records] == ["failed", "loaded"]


def test_an_object_may_hold_the_hooks(install: Callable[..., None]) -> None:
    install("holds", "class P:\n @hookimpl\n def episode_end(self, record): said.append(record.id)\np = P()", ":p")
    hooks, warned = _installed()
    hooks.episode_end(SEARCH, RECORD)
    assert sys.modules["holds"].said == [3] and warned == []


def test_blocked_and_without_plugins(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    install("blocked", "raise RuntimeError('imported')")
    monkeypatch.setenv("PRUNEKIT_BLOCK", "blocked")
    assert [record.status for record in _installed()[0].records] == ["blocked"]
    monkeypatch.delenv("PRUNEKIT_BLOCK")
    Register.without_plugins()
    hooks, warned = _installed()
    assert [record.blocked_by for record in hooks.records] == ["--no-plugins"] and warned == []


def test_every_hook_has_prose_and_an_example_that_fits_it() -> None:
    specs = {name: spec for name, spec in vars(HookSpecs).items() if not name.startswith("_")}
    assert len(specs) <= 6
    for name, spec in specs.items():
        text = inspect.cleandoc(spec.__doc__)
        first = text.split("\n\n")[0]
        assert len(first) > 30
        code = inspect.cleandoc(text.partition("Example::")[2])
        made: dict[str, Callable[..., None]] = {}
        exec(code, {"hookimpl": lambda function: function}, made)
        assert list(made) == [name]
        assert set(inspect.signature(made[name]).parameters) <= set(inspect.signature(spec).parameters)
        assert set(inspect.signature(getattr(Hooks, name)).parameters) == set(inspect.signature(spec).parameters)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("np.array([True, False])", "array([ True, False])"),
        ("'no'", "'no'"),
        ("[]", "[]"),
        ("1", "1"),
        ("object.__new__(Mute)", "(Mute, whose __repr__ raises SystemExit)"),
    ],
)
def test_an_answer_that_is_none_counts_as_none(install: Callable[..., None], answer: str, said: str) -> None:
    mute = "class Mute:\n    def __repr__(self): raise SystemExit\n    __bool__ = __eq__ = __repr__\n"
    install("a_decides", "@hookimpl\ndef should_stop(record): return record.id == 3\n")
    install("b_babbles", f"import numpy as np\n{mute}@hookimpl\ndef should_stop(): return {answer}\n")
    hooks, warned = _installed()
    assert hooks.should_stop(SEARCH, RECORD) is True
    told = f"hook should_stop of b_babbles 2.0 answered {said}, which is not True, False or None"
    assert warned == [f"{told} (told once; the run goes on)"]


def test_an_answer_may_be_numpys(install: Callable[..., None]) -> None:
    install("decides", "import numpy as np\n@hookimpl\ndef should_stop(record): return np.float64(record.id) > 2\n")
    assert _installed()[0].should_stop(SEARCH, RECORD) is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise type('Odd', (BaseException,), {'__str__': lambda self: 1 / 0})", "Odd: (Odd, whose __str__ raises"),
        ("raise ValueError('\\x1b[2J\\n' + 'x' * 9000)", r"ValueError: \x1b[2J xxx"),
        ("return (yield)", None),
        ("(lambda f: f(f))(lambda f: f(f))", "RecursionError: maximum recursion depth"),
    ],
)  # fmt: skip
def test_whatever_a_hook_raises_is_told_in_a_line(install: Callable[..., None], text: str, said: str | None) -> None:
    install("a_bad", f"@hookimpl\ndef search_started(): {text}\n")
    install("b_good", GOOD)
    hooks, warned = _installed()
    hooks.search_started(SEARCH)
    assert sys.modules["b_good"].said == ["PruneAMC"]
    (line,) = warned
    assert line.isprintable() and len(line) < 700
    if said is None:
        assert line.endswith("search_started would not run when it is called: it is async, or has a yield")
    else:
        assert line.startswith(f"hook search_started of a_bad 2.0 raised {said}")


def test_the_order_of_the_implementations(install: Callable[..., None]) -> None:
    """The last that was loaded comes first, but for those that ask for another place."""
    for name, option in (("a", "trylast"), ("b", ""), ("c", "tryfirst"), ("d", "")):
        marker = f"@hookimpl({option}=True)" if option else "@hookimpl"
        install(
            f"{name}_asked", f"import sys\n{marker}\ndef should_stop(): sys.modules['a_asked'].said.append('{name}')"
        )
    hooks, warned = _installed()
    assert hooks.should_stop(SEARCH, RECORD) is None and warned == []
    assert sys.modules["a_asked"].said == ["c", "d", "b", "a"]


CHANGES = """
@hookimpl
def episode_end(search, record):
    object.__setattr__(search, "folder", None)
    object.__setattr__(record.result, "accuracy_of", 0)
    object.__setattr__(record, "id", 7)
    record.result.measured["latency_share"] = 9.0
@hookimpl
def step_finished(step):
    step.records[0]["performance"].clear()
"""


def test_what_a_hook_changes_is_its_own_copy(install: Callable[..., None]) -> None:
    install("a_sees", GOOD)
    install("b_changes", CHANGES)
    hooks, warned = _installed()
    search, record = SearchInfo("t", "nas", Path("out"), "pytorch", "PruneAMC", 8), Record(3, None, counted(9, 10))
    step = StepInfo("t", "nas", "SearchPipeStep", Path("out"), ({"performance": {"accuracy": 1}},))
    hooks.episode_end(search, record)
    hooks.step_finished(step)
    assert warned == [] and sys.modules["a_sees"].said == [("nas", 3, 0.9), "step"]
    assert search.folder == Path("out") and record == RECORD and not record.result.measured
    assert step.records == ({"performance": {"accuracy": 1}},)


def test_an_object_that_cannot_be_compared_stops_nobody(install: Callable[..., None]) -> None:
    text = "class P:\n def __eq__(self, other): raise SystemExit\n @hookimpl\n def search_started(self): pass\np = P()"
    install("a_odd", text, ":p")
    install("b_good", GOOD)
    hooks, _ = _installed()
    hooks.search_started(SEARCH)
    assert sys.modules["b_good"].said == ["PruneAMC"]


def test_an_object_whose_attributes_raise_is_left_out(install: Callable[..., None]) -> None:
    text = (
        "class P:\n def __dir__(self): return ['x']\n def __getattr__(self, name): raise BaseException(name)\np = P()"
    )
    install("a_odd", text, ":p")
    install("b_good", GOOD)
    hooks, (warning,) = _installed()
    assert warning == "hooks mine of a_odd 2.0 are not used: BaseException: __name__"
    assert [record.status for record in hooks.records] == ["failed", "loaded"]
