"""What Sphinx makes the pages with."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import components  # noqa: E402
import pack_example  # noqa: E402
import yml_keys  # noqa: E402
from yml_words import ENGLISH, read_words  # noqa: E402

import prunekit  # noqa: E402
from prunekit.core.config.schema import yml_schema  # noqa: E402
from prunekit.registry import Register  # noqa: E402

project, author = "prunekit", "the authors of prunekit"
version = release = prunekit.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"prunekit {release}"
html_static_path, html_css_files = ["_static"], ["pages.css"]
html_show_copyright = html_show_sphinx = False

highlight_language = "none"  # a block without a language is a command

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

default_role = "py:obj"  # a name in single backticks; one that leads nowhere is shown as code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
nitpick_ignore_regex = [(r"py:.*", r".*")]  # of NumPy's, or without a page; links between pages hold
suppress_warnings = ["ref.python"]  # of several attributes with one name, which annotations seem to mean


def insert_generated(app: Any, name: str, source: list[str]) -> None:
    """Put what is read from the code in the place of its mark in a page, and of the lines below the mark."""

    def made(mark: re.Match[str]) -> str:
        return GENERATED[mark[1]](HERE / f"{name}.md")

    source[0] = re.sub(r"^<!-- generated: (.*) -->\n(?:.+\n)*", made, source[0], flags=re.MULTILINE)


def always_outdated(app: Any, env: Any, *_: Any) -> list[str]:
    """The pages with something read from the code, which Sphinx does not see change."""
    return [name for name in env.found_docs if "<!-- generated: " in (HERE / f"{name}.md").read_text(encoding="utf-8")]


def _keys(page: Path) -> str:
    schema, skipped = yml_schema()
    if skipped:
        raise RuntimeError("\n".join(skipped))
    words = page.with_suffix(".yml")
    return yml_keys.markdown(schema, read_words(words) if words.exists() else ENGLISH)


def _components(page: Path) -> str:
    return components.markdown(Register.entries(), told=yml_schema()[0]["$defs"])


def _pack(page: Path) -> str:
    return pack_example.markdown(HERE.parent / "examples" / "model_pack", page)


GENERATED = {"keys": _keys, "components": _components, "pack": _pack}


def setup(app: Any) -> None:
    """Sphinx calls it once."""
    app.connect("source-read", insert_generated)
    app.connect("env-get-outdated", always_outdated)
