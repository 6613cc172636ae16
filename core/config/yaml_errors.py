"""Explains PyYAML's syntax errors to the person who edits the file."""

from __future__ import annotations

import re

import yaml

_WORDS = [
    (r"mapping values are not allowed", "a ':' where none can be: the line above has no ': ', this line is indented"
     " deeper than its block, or a text with ': ' in it needs quotes"),
    (r"while parsing a block (mapping|collection)",
     "this line is indented differently from the others of its block, or a text that goes on here needs quotes"),
    (r"found character '\\t'", "a tab: indent with spaces"),
    (r"could not find expected ':'", "this key has no ': ' behind it; write 'key: value'"),
    (r"scanning a quoted scalar", "a quote that is opened here is never closed"),
    (r"found character '[`@%]' that cannot start", "a text that begins with `, @ or % needs quotes"),
    (r"found undefined alias '?(.*?)'?$", r"no anchor &\1 stands before this line"),
    (r"while parsing a flow sequence", "a '[' that is opened here is not closed by a ']', or a ',' is missing"),
    (r"while parsing a flow mapping", "a '{' that is opened here is not closed by a '}', or a ',' is missing"),
    (r"expected a single document", "a second document begins here; a yml has one: remove the '---'"),
]  # fmt: skip
# PyYAML notices these errors only further on; the line to correct is the one where they begin.
_BEGIN = ("while scanning a simple key", "while scanning a quoted scalar", "while parsing a flow")


def explain(error: yaml.MarkedYAMLError) -> tuple[int | None, str]:
    """Return the line to look at, from 1, and what is wrong there."""
    said = ": ".join(filter(None, (error.context, error.problem)))
    begun = error.context_mark if said.startswith(_BEGIN) else None
    mark = begun or error.problem_mark or error.context_mark
    words = next((found.expand(text) for pattern, text in _WORDS if (found := re.search(pattern, said))), said)
    return mark.line + 1 if mark else None, words
