"""What stands in README and in the pages of docs: blocks of code and commands."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ("README.md", "README.zh-CN.md")
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
TWINS = [(f"docs/{Path(page).name}", page) for page in PAGES if Path(page).parent.name == "zh"]


def text(page: str) -> str:
    """The whole page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in the page's order; commands have none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


def named(page: str) -> dict[str, str]:
    """The blocks that are files: those that begin with a file's name."""
    found = {}
    for block in [*blocks(page, "python"), *blocks(page, "yaml")]:
        if name := re.match(r"# (\w+\.(py|yml))\n", block):
            found[name[1]] = block
    return found


def commands(page: str) -> list[str]:
    """The command lines without their remarks."""
    lines = [line for block in blocks(page, "") for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines if line.startswith(("prunekit ", "make ", "pip "))]
