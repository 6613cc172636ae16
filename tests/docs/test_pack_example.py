"""The page on packs shows every file of the example."""

from __future__ import annotations

from pathlib import Path

from pack_example import markdown

ROOT = Path(__file__).parents[2]
PACK = ROOT / "examples/model_pack"


def test_every_file_is_included_by_a_path_that_leads_there() -> None:
    page = ROOT / "docs/pack.md"
    included = [line.split()[1] for line in markdown(PACK, page).splitlines() if line.startswith("```{literalinclude}")]
    found = {(page.parent / path).resolve() for path in included}
    expected = {path for suffix in ("toml", "yml", "py") for path in PACK.rglob(f"*.{suffix}")}
    assert found == {path for path in expected if path.name != "__init__.py"}
    assert len(included) == len(found)


def test_a_file_is_headed_by_what_it_registers() -> None:
    page = markdown(PACK, ROOT / "docs/pack.md")
    assert "### `stripe_net.py`: network `StripeNet`\n\nA small convolutional network" in page
    assert page.index("pyproject.toml") < page.index("module_register.py") < page.index("stripe_net.py")
