"""The tables of the parsing benchmark, from its rows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from prunekit.core.text_table import columns

Row = dict[str, Any]
Pair = tuple[Row | None, Row | None]  # ours and the peer's
MIB = 2**20
SHOWN = 12  # lines of a list of the largest
EXACT = 1e-6  # rounding of what is counted exactly
NUMBER, BLOCK = r"\d+(\.\d+)?(e[+-]?\d+)?", r"\.\d+(?=\.)"  # of a reason, and of a module among its like
HALF = 0.5  # a network that keeps more of its MACs is explained


def report(rows: Sequence[Row]) -> list[str]:
    """All tables and lists, as lines."""
    pairs: dict[str, list[Row | None]] = defaultdict(lambda: [None, None])
    for row in rows:
        pairs[row["model"]][row["tool"] == "peer"] = row
    sections: dict[str, list[Pair]] = defaultdict(list)
    for model, (own, peer) in sorted(pairs.items()):
        zoo, section = model.split(":")[0], (own or peer or {})["section"]
        names = (f"torchvision {section}", "torchvision") if zoo == "torchvision" else (zoo,)
        for name in names:
            sections[name].append((own, peer))
    every = [(own, peer) for own, peer in pairs.values()]
    own = [row for row, _ in every if row is not None]
    lines = _rates(sections) + _ratios(sections)
    lines += _failures("prunekit", own) + _failures("Torch-Pruning", [row for _, row in every if row is not None])
    return (
        lines
        + _verdicts(own)
        + _explained(own)
        + _training(own)
        + _memory(own)
        + _errors(own)
        + _prices(own)
        + _slowest(own)
    )


def kept(row: Row) -> float:
    """Share of the MACs that a pruned network keeps, counted."""
    return float(row["after"]["macs"] / row["before"]["macs"])


def passed(row: Row | None) -> bool:
    """Whether a row is there and says so."""
    return row is not None and row["status"] == "ok"


def _rates(sections: dict[str, list[Pair]]) -> list[str]:
    lines = []
    for name, pairs in sorted(sections.items(), key=lambda item: (item[0] == "timm", item[0] == "torchvision")):
        own, peer = [o for o, _ in pairs if o is not None], [p for _, p in pairs if p is not None]
        both = [(o, p) for o, p in pairs if o is not None and p is not None and passed(o) and passed(p)]
        lines.append((
            name, str(len(pairs)), _share(own), _share(peer), _middle([kept(o) for o in own if passed(o)]),
            _middle([kept(o) for o, _ in both]), _middle([kept(p) for _, p in both]),
            _middle([o["after"]["params"] / o["before"]["params"] for o in own if passed(o)]),
        ))  # fmt: skip
    header = ("zoo", "models", "ok", "peer ok", "MACs kept", "where both ok", "by the peer", "parameters kept")
    title = "passed; median shares kept"
    return [title, *columns(header, lines, right=header[1:])]


def _ratios(sections: dict[str, list[Pair]]) -> list[str]:
    lines = []
    for name in ("torchvision", "timm"):
        for stage in ("parse and prune", "parse and prune, proven"):
            found = sorted(
                o["seconds"][stage] / max(p["seconds"]["parse and prune"], 1e-9)
                for o, p in sections.get(name, ())
                if o is not None and p is not None and passed(o) and passed(p) and stage in o["seconds"]
            )
            if found:
                ninth = found[min(int(0.9 * len(found)), len(found) - 1)]
                figures = (median(found), ninth, found[-1])
                lines.append((name, stage, str(len(found)), *(f"{figure:.2f}" for figure in figures)))
    header = ("zoo", "CPU time by the peer's", "models", "median", "p90", "largest")
    return ["", *columns(header, lines, right=header[2:])] if lines else []


def _failures(tool: str, rows: Sequence[Row]) -> list[str]:
    failed = [row for row in rows if not passed(row)]
    if not failed:
        return []
    lines = [f"  {r['model']}  [{r.get('stage', 'job')}] {r['reason']}  {' '.join(r.get('at', ()))}" for r in failed]
    return ["", f"{tool} fails on {len(failed)} of {len(rows)}:", *sorted(lines)]


def _verdicts(rows: Sequence[Row]) -> list[str]:
    notes = [re.sub(NUMBER, "#", "; ".join(row.get("notes", ())) or "not tried") for row in rows if passed(row)]
    found = [f"  {count} of {len(notes)}: {note}" for note, count in Counter(notes).most_common(SHOWN)]
    return ["", "what the proof says:", *found, *_proven([row for row in rows if passed(row)])] if found else []


def _proven(rows: Sequence[Row]) -> list[str]:
    """Proven groups of all groups, and the networks where some are not or where the proof protected layers."""
    total = [sum(row[key] for row in rows) for key in ("proven", "groups")]
    lines = [f"  proven groups of all groups: {total[0]} of {total[1]}, all of them in every network but these:"]
    for row in rows:
        if row["proven"] < row["groups"] or row["frozen"]:
            protected = f", {len(row['frozen'])} layers protected: {row['frozen'][0][1]}" if row["frozen"] else ""
            lines.append(f"    {row['model']}  {row['proven']} of {row['groups']}{protected}")
    return lines


def _explained(rows: Sequence[Row]) -> list[str]:
    high = sorted((row for row in rows if passed(row) and kept(row) > HALF), key=kept, reverse=True)
    lines = ["", f"{len(high)} keep more than {HALF:.0%} of their MACs:"] if high else []
    for row in high:
        found = f"{row['groups']} groups, {row['layers']} layers"
        lines.append(f"  {row['model']}: {kept(row):.1%} of the MACs stay; {found}")
        for what, parts in (("by reason", _alike(row["where"], NUMBER)), ("by group", _alike(row["by_group"], BLOCK))):
            largest = sorted(parts.items(), key=lambda item: -item[1][2])
            lines += [f"    {what}:"] + [
                f"      {share[2]:6.1%} stay of {share[1]:6.1%} in {share[0]:.0f} layers  {name}"
                for name, share in largest[:SHOWN]
                if share[2] >= 0.001
            ]
            if len(largest) > SHOWN:
                rest = sum(share[2] for _, share in largest[SHOWN:])
                lines.append(f"      {rest:6.1%} in {len(largest) - SHOWN} more")
    return lines


def _alike(where: dict[str, list[float]], but_for: str) -> dict[str, list[float]]:
    """What differs in the given pattern only, taken together under the first of its names."""
    names: dict[str, str] = {}
    found: dict[str, list[float]] = {}
    for name, values in where.items():
        first = names.setdefault(re.sub(but_for, "#", name), name)
        found[first] = [a + b for a, b in zip(found.get(first, [0, 0, 0]), values, strict=True)]
    return found


def _training(rows: Sequence[Row]) -> list[str]:
    tried = [row for row in rows if row.get("train")]
    lines = [f"  {row['model']}  {row['train']}" for row in tried if row["train"] != "ok"]
    return ["", f"a gradient step in training: {len(tried) - len(lines)} of {len(tried)}", *lines] if tried else []


def _memory(rows: Sequence[Row]) -> list[str]:
    def above(row: Row) -> float:
        memory = row["memory"]
        return float(max(memory.get("proven", 0), memory.get("parsed", 0)) - memory["forward"])

    lines = []
    for least in (0, 32):
        lines += _largest(
            f"memory above a plain forward by the weights' bytes, weights of {least} MiB or more",
            [row for row in rows if passed(row) and row["memory"]["weights"] >= least * MIB],
            lambda row: above(row) / row["memory"]["weights"],
            lambda row: f"{above(row) / MIB:.0f} MiB, weights {row['memory']['weights'] / MIB:.0f} MiB",
        )
    return lines


def _errors(rows: Sequence[Row]) -> list[str]:
    """How exact, in float64: how many are below which error, the largest, and what could not be measured."""
    measured = [row for row in rows if isinstance(row.get("error"), float)]
    bounds = (1e-15, 1e-14, 1e-12, 1e-9)
    counts = ", ".join(f"{sum(row['error'] < bound for row in measured)} below {bound:.0e}" for bound in bounds)
    lines = ["", f"error in float64, relative to the largest output: {counts}, of {len(measured)}"] if measured else []
    lines += [f"  {row['model']}  {row['error']}" for row in rows if isinstance(row.get("error"), str)]
    return lines + _largest("the largest", measured, lambda row: row["error"], lambda row: "")


def _prices(rows: Sequence[Row]) -> list[str]:
    def off(row: Row) -> float:
        both = [(row["price"][key], row[key]["macs"]) for key in ("before", "after")]
        return float(max(abs(priced / counted - 1) for priced, counted in both))

    measured = [row for row in rows if passed(row)]
    exact = sum(off(row) < EXACT for row in measured)
    lines = ["", f"the price of the MACs is what is counted: {exact} of {len(measured)}"] if measured else []
    return lines + _largest("of the others, off by", [r for r in measured if off(r) >= EXACT], off, lambda row: "")


def _slowest(rows: Sequence[Row]) -> list[str]:
    def seconds(row: Row) -> float:
        return float(max(value for stage, value in row["seconds"].items() if stage.startswith("parse")))

    measured = [row for row in rows if any(stage.startswith("parse") for stage in row.get("seconds", ()))]
    return _largest("CPU seconds to parse and prune", measured, seconds, lambda row: row["status"])


def _largest(title: str, rows: Sequence[Row], key: Callable[[Row], float], more: Callable[[Row], str]) -> list[str]:
    if not rows:
        return []
    rows = sorted(rows, key=key, reverse=True)
    lines = [(row["model"], f"{key(row):.3g}", more(row)) for row in rows[:SHOWN]]
    head = f"{title}: median {median(map(key, rows)):.3g} of {len(rows)}, largest:"
    return ["", head, *(f"  {value:>8}  {model}  {text}".rstrip() for model, value, text in lines)]


def _share(rows: Sequence[Row]) -> str:
    ok = sum(passed(row) for row in rows)
    return f"{ok}/{len(rows)} {ok / len(rows):.1%}" if rows else "-"


def _middle(values: Sequence[float]) -> str:
    return f"{median(values):.3f}" if values else "-"
