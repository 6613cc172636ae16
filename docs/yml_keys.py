"""Every key of the yml as Markdown tables, in the language of a page."""

from __future__ import annotations

from schema_tables import Schema, Table, tables, unused
from yml_words import ENGLISH, Words, default, values


def markdown(schema: Schema, words: Words = ENGLISH) -> str:
    """The tables under headings, and the keys without effect.

    Args:
        schema: That of `prunekit.core.config.schema.yml_schema`.
        words: In which language.
    """
    parts = []
    for table in tables(schema):
        parts += [_heading(table, words), _abouts(table, words), _table(table, words) if table.rows else ""]
    parts += [f"## {words.unused}", words.unused_about, _unused(schema, words)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(table: Table, words: Words) -> str:
    if table.abouts:
        return f"### `{table.path}`: {', '.join(f'`{name}`' for name in table.abouts)}"
    return f"## `{table.path}`" if table.path else f"## {words.top}"


def _abouts(table: Table, words: Words) -> str:
    if len(table.abouts) == 1:
        return words.about(*table.abouts.values())
    return "\n".join(f"- `{name}`: {words.about(about)}" for name, about in table.abouts.items())


def _unused(schema: Schema, words: Words) -> str:
    reasons: dict[str, list[str]] = {}
    for path, reason in unused(schema).items():
        reasons.setdefault(reason, []).append(f"`{path}`")
    lines = [f"| {', '.join(keys)} | {words.in_cell(reason)} |" for reason, keys in reasons.items()]
    return "\n".join([f"| {words.key} | {words.reason} |", "|---|---|", *lines])


def _table(table: Table, words: Words) -> str:
    lines = [f"| {words.key} | {words.value} | {words.default} | {words.meaning} |", "|---|---|---|---|"]
    for row in table.rows:
        keys = ", ".join(f"`{key}`" for key in row.keys)
        lines.append(f"| {keys} | {values(row.schema, words)} | {default(row.schema)} | {words.in_cell(row.about)} |")
    return "\n".join(lines)
