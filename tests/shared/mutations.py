"""Changes to ymls and JSON files as hands, editors and disks make them; the same ones for the same generator."""

from __future__ import annotations

import json
import random
from typing import Any

import yaml

SCALARS = (
    "~", "''", "0", "-1", "1.5", ".inf", ".nan", "1e999", "-1e999", "1e-320", "9" * 400, "0x" + "f" * 50, "'inf'",
    "true", "no", "1:30", "2024-01-01", "x", "'1'", '"\\0"', '"\\ud800"', '"\\e[2J"', '"a\\nb"', "p" * 5000,
    "/dev/null", ".", "..", "/etc/passwd/x", "'{local_base_path}/output/nas'", "!!int x", "!!python/name:os.system",
    "!x y", "*gone", "&a b", "[]", "{}", "[[]]", "[1, x]", "{type: x}", "{type: SGD}", "{ref: nas}", "{5: x}",
    "{[1]: x}", "[" * 200 + "]" * 200,
    "{a: " * 90 + "1" + "}" * 90, "\U0001f600", "flops <= 0.5", "{shape: [1, 1, 8, 8]}",
)  # fmt: skip
KEYS = ("type", "params", "ref", "5", "1.5", "~", "true", "'x\\0'", '"\\0"', "? [1]", "<<", "lr", "common", "x" * 300)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "inf", "\0", "../x", "/", [], [1, "a"], [[]], {}, {"type": 3}, [None],
    "9" * 400,
)  # fmt: skip
RAW = (
    "NaN",
    "Infinity",
    "1e999",
    "9" * 5000,
    '"\\ud800"',
    "[" * 20_000 + "]" * 20_000,
    '{"a": 1, "a": 2}',
    "",
    "}",
    "\\",
)


def mutated_yml(text: str, rng: random.Random) -> str:
    """A yml with one to three changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        text = rng.choice((_value, _value, _value, _key, _line, _letters, _tree))(text, rng)
    return text


def mutated_json(raw: bytes, rng: random.Random) -> bytes:
    """The text of a JSON file, or of one with a value a line, with one or two changes."""
    for _ in range(rng.randint(1, 2)):
        kind = rng.randrange(5)
        if kind == 0:
            raw = raw[: rng.randrange(len(raw) + 1)]
        elif kind == 1 and raw:
            place = rng.randrange(len(raw))
            raw = raw[:place] + bytes([rng.randrange(256)]) + raw[place + rng.randrange(2) :]
        elif kind == 2:
            lines = raw.split(b"\n")
            rng.choice((lines.reverse, lines.pop, lambda lines=lines: lines.append(rng.choice(lines))))()
            raw = b"\n".join(lines)
        else:
            raw = _json_value(raw, rng)
    return raw


def _value(text: str, rng: random.Random) -> str:
    """Something else behind a colon."""
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines) if ": " in line]
    if places:
        number = rng.choice(places)
        parts = lines[number].split(": ")
        place = rng.randrange(1, len(parts))
        rest = parts[place].lstrip("{[")
        end = next((k for k, letter in enumerate(rest) if letter in ",}]"), len(rest))
        opening = parts[place][: len(parts[place]) - len(rest)]
        parts[place] = opening + rng.choice(SCALARS) + rest[end:]
        lines[number] = ": ".join(parts)
    return "\n".join(lines)


def _key(text: str, rng: random.Random) -> str:
    """One key more, where it may or may not stand."""
    lines = text.split("\n")
    number = rng.randrange(len(lines))
    indent = " " * (len(lines[number]) - len(lines[number].lstrip()) + rng.choice((0, 0, 0, 2)))
    return "\n".join([*lines[:number], f"{indent}{rng.choice(KEYS)}: {rng.choice(SCALARS)}", *lines[number:]])


def _line(text: str, rng: random.Random) -> str:
    """A line less, twice, elsewhere, or indented otherwise."""
    lines = text.split("\n")
    number, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[number]
    elif kind == 1:
        lines.insert(other, lines[number])
    elif kind == 2:
        lines[number], lines[other] = lines[other], lines[number]
    else:
        lines[number] = rng.choice((" ", "  ", "\t", "- ")) + lines[number]
    return "\n".join(lines)


def _letters(text: str, rng: random.Random) -> str:
    """A letter less, more, or another one; a file that ends early."""
    place = rng.randrange(len(text) + 1)
    if rng.random() < 0.1:
        return text[:place]
    letter = rng.choice("{}[]:,-#&*!|>'\"%@` \n\t\0\ufeffxé0.~")
    return text[:place] + rng.choice(("", letter)) + text[place + rng.randrange(2) :]


def _tree(text: str, rng: random.Random) -> str:
    """Another value anywhere in what the yml means."""
    try:
        return yaml.safe_dump(_changed(yaml.safe_load(text), rng), sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, UnicodeEncodeError):
        return text


def _json_value(raw: bytes, rng: random.Random) -> bytes:
    """Another value anywhere in one of the values, or in its place what is no JSON."""
    lines = raw.split(b"\n") if b'{"event"' in raw[:20] else [raw]
    number = rng.randrange(len(lines))
    try:
        value = json.loads(lines[number])
    except (ValueError, RecursionError):  # what the first change made of it
        return raw
    text = json.dumps(_changed(value, rng, "HERE" if rng.random() < 0.3 else None))
    lines[number] = text.replace('"HERE"', rng.choice(RAW)).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _changed(value: Any, rng: random.Random, to: Any = None) -> Any:
    """A copy in which one place holds something else, or is gone, or is there under another key."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.1:
        return rng.choice(VALUES) if to is None else to
    if isinstance(value, list):
        number = rng.randrange(len(value))
        return [_changed(item, rng, to) if k == number else item for k, item in enumerate(value)]
    key = rng.choice(list(value))
    if rng.random() < 0.1:
        return {k: item for k, item in value.items() if k != key}
    if rng.random() < 0.05:
        return {rng.choice(("x", 7)) if k == key else k: item for k, item in value.items()}
    return {k: _changed(item, rng, to) if k == key else item for k, item in value.items()}
