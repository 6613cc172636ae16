"""Commands and what they say. A user's mistake is exit code 2 and a message, never a traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from prunekit.core.api import backend_for
from prunekit.core.cli.main import main
from prunekit.registry import Register

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
USE = ("--import", "tinypack")
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
WEIGHTS = "'{local_base_path}/output/pretrain/model_0.safetensors'"


@pytest.fixture
def yml(tmp_path: Path, tiny: str) -> Callable[..., str]:
    """Write the tiny yml with changes; return its name."""

    def write(*pairs: tuple[str, str]) -> str:
        text = tiny
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "tiny.yml").write_text(text)
        return "tiny.yml"

    return write


@pytest.fixture
def search_only(yml: Callable[..., str]) -> Callable[..., str]:
    """As ``yml``, for a pipeline of nothing but the search, with weights in ``w.safetensors``."""
    return lambda *pairs: yml(("[pretrain, nas, fully_train]", "[nas]"), *pairs)


def _weights(path: Path) -> None:
    import tinypack  # type: ignore[import-not-found]

    network = tinypack.TinyNet()
    backend_for(network).save(network, path)


def _refused(cli: Cli, capsys: Said, *words: str | Path) -> list[str]:
    assert cli(*words) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return said.err.splitlines()


def test_the_file_is_enough(cli: Cli, yml: Callable[..., str], tmp_path: Path) -> None:
    """``prunekit FILE`` is ``prunekit run FILE``, options before or after it."""
    name = yml(("[pretrain, nas, fully_train]", "[pretrain]"))
    assert cli(name, *USE, "-t", "a") == 0
    assert cli("run", name, *USE, "-t", "b", "-d", "CPU") == 0
    assert cli("-d", "CPU", "-t", "c", *USE, "-b", BACKEND[0], name) == 0
    one, two, three = (tmp_path / f"tasks/{t}/output/pretrain/model_0.safetensors" for t in "abc")
    assert one.read_bytes() == two.read_bytes() == three.read_bytes()


@pytest.mark.parametrize("words", [[], ["--nonsense"], ["list", "nothing"], ["tiny.yml", "-d", "TPU"], ["check"]])
def test_wrong_usage(cli: Cli, capsys: Said, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(*words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: prunekit")


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["run", "-h"], ["list", "-h"], ["--version"]])
def test_help_and_version(cli: Cli, capsys: Said, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(*words)
    assert ended.value.code == 0
    assert "prunekit" in capsys.readouterr().out


COMMANDS = (
    "run", "check", "convert", "export", "inspect", "list", "show", "plugins", "registry-check", "schema", "example",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_imports_and_no_plugins(cli: Cli, capsys: Said, command: str) -> None:
    with pytest.raises(SystemExit):
        cli(command, "-h")
    said = capsys.readouterr().out
    assert "--import NAME" in said and "--no-plugins" in said


@pytest.mark.parametrize(
    ("words", "module", "function", "given"),
    [
        (["list"], "list_", "list_entries", (None, False)),
        (["list", "network", "--json"], "list_", "list_entries", ("network", True)),
        (["show", "ResNet56"], "show", "show", ("ResNet56", None)),
        (["show", "random", "--type", "importance"], "show", "show", ("random", "importance")),
        (["plugins", "--json"], "plugins", "list_plugins", (True,)),
        (["registry-check"], "registry_check", "registry_check", (None,)),
        (["registry-check", "my-pack"], "registry_check", "registry_check", ("my-pack",)),
        (["schema"], "schema", "print_schema", ()),
        (["example"], "example", "list_examples", (None,)),
        (["example", "demo.yml", "-b", "m"], "example", "write_example", ("demo.yml", "m")),
    ],
)
def test_a_commands_words_and_exit_code_are_passed_on(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str], module: str, function: str, given: tuple[object, ...]
) -> None:
    seen: list[tuple[object, ...]] = []

    def body(*arguments: object) -> int:
        seen.append(arguments)
        return 7

    fake = SimpleNamespace(**{name: body for name in (function, "list_examples", "write_example")})
    monkeypatch.setitem(sys.modules, f"prunekit.core.cli.{module}", fake)
    assert cli(*words) == 7
    assert seen == [given]


def test_an_import_comes_before_the_command_and_what_it_shadows_is_told_once(
    cli: Cli, capsys: Said, tmp_path: Path
) -> None:
    (tmp_path / "shadowing.py").write_text(
        "from prunekit import Register, RegisterType\n\n\n"
        "@Register.register(RegisterType.DATASET)\nclass Cifar10: ...\n"
    )
    assert cli("list", "dataset", "--json", "--import", "shadowing") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert "shadowing:Cifar10" in {entry["target"] for entry in found}
    (line,) = said.err.splitlines()
    assert line.startswith("warning: ") and "Cifar10" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "ResNet55"], "error: no component named 'ResNet55'. Did you mean"),
        (["example", "resnet5_amc.yml"], "error: no example 'resnet5_amc.yml'. Did you mean"),
        (["registry-check", "no-such-pack"], "error: "),
    ],
)
def test_names_that_nobody_has(cli: Cli, capsys: Said, words: list[str], said: str) -> None:
    (line,) = _refused(cli, capsys, *words)
    assert line.startswith(said)


def test_without_plugins_only_what_prunekit_brings(cli: Cli, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(Register, "without_plugins", lambda: seen.append("off"))
    monkeypatch.setattr(Register, "import_module", seen.append)
    assert cli("list", "backend", "--import", "a", "--no-plugins", "--import", "b") == 0
    assert seen == ["off", "a", "b"]


@pytest.mark.parametrize(
    ("word", "said"),
    [("chekc", "Did you mean 'check'?"), ("lists", "Did you mean 'list'?"), ("registrycheck", "'registry-check'?")],
)
def test_a_misspelt_command(cli: Cli, capsys: Said, word: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(word, "x.yml")
    assert ended.value.code == 2
    assert f"no command and no file {word!r}" in (err := capsys.readouterr().err) and said in err


@pytest.mark.parametrize("command", ["run", "check", "inspect"])
def test_files_that_are_no_yml(cli: Cli, capsys: Said, tmp_path: Path, command: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "not.yml").write_text("a: [1, 2\nb: }")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "empty.yml").write_text("")
    (tmp_path / "list.yml").write_text("- 1\n")
    for name in ("missing.yml", "folder.yml", "not.yml", "binary.yml", "empty.yml", "list.yml"):
        lines = _refused(cli, capsys, command, name)
        assert len(lines) == 1 and name in lines[0]
    assert not (tmp_path / "tasks").exists()


def test_all_mistakes_at_once_each_on_one_line(cli: Cli, capsys: Said, yml: Callable[..., str]) -> None:
    name = yml(("{type: TinyNet}", "{type: TinyNte}"), ("lbound", "lbuond"), ("epochs: 3", "epochs: some"))
    lines = _refused(cli, capsys, name, *USE)
    assert len(lines) == 5  # the network and the trainer stand twice, once by an anchor: each is told at its place
    assert all(line.startswith("tiny.yml:") for line in lines)
    assert any("Did you mean 'TinyNet'" in line for line in lines)
    assert any("Did you mean 'lbound'" in line for line in lines)
    assert any("epochs" in line for line in lines)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"flops <= 0.5"', '"fluff <= 0.5"', "fluff"),
        ("lbound: 0.1", "lbound: 0.9\n    rbound: 0.2", "lbound 0.9 is above rbound 0.2"),
        ("lbound: 0.1", "user_skip_module_id: [99]", "99"),
        ("lbound: 0.1", "specific_bound: {0: [0.5, 0.2]}", "above"),
        ("lbound: 0.1", "specific_bound: {0: [1.0, 1.0], 1: [1.0, 1.0], 2: [1.0, 1.0]}", "budget"),
        (WEIGHTS, "'{local_base_path}/output/x/gone.safetensors'", "no step before 'nas' writes"),
        (WEIGHTS, "'{local_base_path}/x/gone.safetensors'", "there is no such weights file"),
        (WEIGHTS, "garbage.pth", "garbage.pth"),
        (WEIGHTS, "garbage.safetensors", "garbage.safetensors cannot be read as weights"),
        ("&network {type: TinyNet}", "&network {type: TinyNet, class_num: -1}", "TinyNet cannot be made"),
        ("batch_size: 32", "batch_size: 32, noise: -1", "TinyLights cannot be made: ValueError"),
        ("batch_size: 32", "batch_size: 0", "batch_size"),
        ("agent: {warmup: 4}", "agent: {warmup: -4}", "warmup"),
    ],
)
def test_mistakes_in_a_search(
    cli: Cli, capsys: Said, search_only: Callable[..., str], tmp_path: Path, before: str, after: str, said: str
) -> None:
    _weights(tmp_path / "w.safetensors")
    for name in ("garbage.pth", "garbage.safetensors"):
        (tmp_path / name).write_bytes(b"garbage" * 99)
    name = search_only((before, after), *([(WEIGHTS, "w.safetensors")] if before != WEIGHTS else []))
    lines = _refused(cli, capsys, name, *USE, "-t", "t")
    assert lines and all(line.startswith(("error: ", "tiny.yml:")) for line in lines), lines
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize("data_path", ["nowhere", "empty", "tiny.yml"])
def test_missing_data(cli: Cli, capsys: Said, search_only: Callable[..., str], tmp_path: Path, data_path: str) -> None:
    (tmp_path / "empty").mkdir()
    name = search_only(
        ("TinyLights", "Cifar10"), ("{batch_size: 32}", f"{{data_path: {data_path}}}"),
        (f"    pretrained_model_file: {WEIGHTS}\n", ""),
    )  # fmt: skip
    lines = _refused(cli, capsys, name, *USE)
    assert all(data_path in line for line in lines)


def test_images_that_do_not_fit_the_network(cli: Cli, capsys: Said, search_only: Callable[..., str]) -> None:
    name = search_only(("{type: TinyNet}", "{type: ResNet8}"), (f"    pretrained_model_file: {WEIGHTS}\n", ""))
    for command in ("run", "inspect"):
        lines = _refused(cli, capsys, command, name, *USE)
        assert [line for line in lines if not line.startswith("warning: ")] == lines[-1:]
        assert lines[-1].startswith("error: tiny.yml:15: nas: ResNet8 does not run on inputs")


def test_a_folder_that_cannot_be_written(cli: Cli, capsys: Said, yml: Callable[..., str], tmp_path: Path) -> None:
    name = yml()
    (tmp_path / "tasks").write_text("a file")
    lines = _refused(cli, capsys, name, *USE, "-t", "t")
    assert lines == [
        "error: the task's folder tasks/t cannot be written: Not a directory; mend that, or name another place as"
        " general.task.local_base_path"
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(cli: Cli, capsys: Said, yml: Callable[..., str], tmp_path: Path) -> None:
    name = yml()
    (tmp_path / "tasks").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    (line,) = _refused(cli, capsys, name, *USE, "-t", "t")
    assert line.startswith("error: the task's folder tasks/t cannot be written: Permission denied; mend that, or ")


@pytest.mark.parametrize("task", ["..", "a/b", ""])
def test_a_task_id_that_is_no_folder(cli: Cli, capsys: Said, yml: Callable[..., str], task: str) -> None:
    lines = _refused(cli, capsys, yml(), *USE, "-t", task)
    assert len(lines) == 1 and lines[0].startswith("command line  general.task.task_id:")


def test_imports_that_fail(cli: Cli, capsys: Said, yml: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "quits.py").write_text("raise SystemExit(7)")
    (tmp_path / "raises.py").write_text("1 / 0")
    sys.path.insert(0, str(tmp_path))
    try:
        for name, said in (
            ("no_such_module", "error: --import no_such_module: ModuleNotFoundError: No module named 'no_such_module'"),
            ("quits", "error: --import quits: quits.py:1: SystemExit: 7"),
            ("raises", "error: --import raises: raises.py:1: ZeroDivisionError: division by zero"),
        ):
            assert _refused(cli, capsys, yml(), "--import", name) == [said]
    finally:
        sys.path.remove(str(tmp_path))


def test_no_gpu(cli: Cli, capsys: Said, yml: Callable[..., str], tmp_path: Path) -> None:
    if BACKEND == "pytorch" and pytest.importorskip("torch").cuda.is_available():
        pytest.skip("there is one")
    name = yml()
    lines = _refused(cli, capsys, name, *USE, "-d", "GPU")
    assert len(lines) == 1 and lines[0].startswith("error: no GPU")
    assert not (tmp_path / "tasks").exists()
    assert cli("check", name, *USE, "-d", "GPU") == 0


def test_check_opens_no_weights(cli: Cli, capsys: Said, search_only: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    name = search_only((WEIGHTS, "garbage.pth"))
    assert cli("check", name, *USE) == 0
    said = capsys.readouterr()
    assert said.out == "tiny.yml: no mistakes found; 1 step: nas\n"
    assert all(line.startswith("warning: tiny.yml:") for line in said.err.splitlines())
    assert "'pretrain'" in said.err or "pretrain: not in the pipeline" in said.err
    assert not (tmp_path / "tasks").exists()


def test_check_looks_for_data_but_where_it_only_prints(
    cli: Cli, capsys: Said, search_only: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    (tmp_path / "data").mkdir()
    name = search_only((WEIGHTS, "garbage.pth"), ("TinyLights", "Cifar10"), ("{batch_size: 32}", "{data_path: data}"))
    assert cli("check", name, *USE, "--print") == 0
    capsys.readouterr()
    assert cli("check", name, *USE) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("warning: ")]
    assert lines[0].startswith("error: tiny.yml:22: nas.dataset.train: data has neither data_batch_1.bin")
    assert not (tmp_path / "tasks").exists()


def test_inspect_shows_and_draws(
    cli: Cli, capsys: Said, yml: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = yml()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert cli("inspect", name, *USE, "--graph", "deep/net.svg") == 0
    out = capsys.readouterr().out
    for word in ("mid", "module", "group", "features.0", "features.6", "head"):
        assert word in out
    assert "digraph" in (tmp_path / "deep/net.dot").read_text()
    assert not (tmp_path / "deep/net.svg").exists()
    assert "Graphviz" in out
    dot = tmp_path / "bin" / "dot"
    dot.parent.mkdir()
    dot.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\nprint('<svg/>')\n")
    dot.chmod(0o755)
    assert cli("inspect", name, *USE, "--graph", "net.svg") == 0
    assert (tmp_path / "net.svg").read_text().strip() == "<svg/>"
    assert "digraph" in (tmp_path / "net.dot").read_text()
    assert "wrote net.svg" in capsys.readouterr().out
    assert not (tmp_path / "tasks").exists()


def test_list(cli: Cli, capsys: Said) -> None:
    assert cli("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["type", "name", "backend", "also", "from"]
    assert {line.split()[0] for line in lines[2:]} >= {"network", "dataset", "trainer", "search_algorithm"}
    assert cli("list", "network") == 0
    assert all(line.startswith("network ") for line in capsys.readouterr().out.splitlines()[2:])
    assert cli("list", "backend", "--json") == 0
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert {name: entry["aliases"] for name, entry in found.items()} == {"pytorch": ["p"], "mindspore": ["m"]}
    assert all(":" in entry["target"] for entry in found.values())


def test_a_reader_that_has_seen_enough(command: list[str]) -> None:
    listing = subprocess.Popen([*command, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listing.stdout is not None and listing.stderr is not None
    listing.stdout.close()  # as ``| head -0``
    with listing:
        assert listing.stderr.read() == b""
    assert listing.returncode == 0


def test_ctrl_c_before_the_run(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    from prunekit.core.cli import list_

    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(list_, "list_entries", stop)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "stopped\n"
