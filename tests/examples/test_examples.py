"""Every yml that ships passes ``prunekit check`` once its paths point to files."""

from pathlib import Path

import pytest

from prunekit.core.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("example", sorted(EXAMPLES.rglob("*.yml")), ids=lambda path: path.name)
def test_example_is_right(example, tmp_path, capsys):
    text = example.read_text()
    for path in ("/path/to/pretrained_models/resnet56_cifar10.safetensors", "/path/to/datasets/cifar-10-batches-bin"):
        (tmp_path / Path(path).name).touch()  # check opens neither weights nor data
        text = text.replace(path, str(tmp_path / Path(path).name))
    assert "/path/to" not in text
    copy = tmp_path / example.name
    copy.write_text(text)
    assert main(["check", str(copy)]) == 0
    assert "no mistakes found" in capsys.readouterr().out


def test_example_as_it_is_names_every_missing_path(capsys):
    example = next(EXAMPLES.rglob("resnet56_amc.yml"))
    assert main(["check", str(example)]) == 2
    message = capsys.readouterr().err
    assert message.count("does not exist") >= 2
    assert "nas.model.pretrained_model_file" in message and "data_path" in message
