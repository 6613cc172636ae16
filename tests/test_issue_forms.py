"""Issue forms are what the host of the source takes; it leaves out a form that is not, without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

FORMS = sorted((Path(__file__).parents[1] / ".github/ISSUE_TEMPLATE").glob("*.yml"))
KINDS = {"checkboxes", "dropdown", "input", "markdown", "textarea"}


@pytest.mark.parametrize("form", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem)
def test_a_form_has_what_is_needed(form: Path) -> None:
    read = yaml.safe_load(form.read_text())
    assert read.keys() <= {"name", "description", "labels", "body"} and read["name"] and read["description"]
    asked = [each for each in read["body"] if each["type"] != "markdown"]
    assert asked and {each["type"] for each in read["body"]} <= KINDS
    assert all(each["attributes"]["label"] for each in asked)
    assert len({each["id"] for each in asked}) == len(asked)


def test_there_are_forms() -> None:
    assert {path.stem for path in FORMS} == {"bug", "config", "feature", "network"}
