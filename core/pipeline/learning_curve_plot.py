"""Plots the learning curve of a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prunekit.core.atomic_file import atomic_write
from prunekit.core.search.trial import Record


def plot_curve(records: Sequence[Record], path: Path, metric: str) -> None:
    """Reward, metric and costs of every evaluated trial over the episodes, with the best reward so far, as png.

    Raises:
        WriteError: It cannot be written.
    """
    import matplotlib  # drawing is rare; starting up must not pay for it

    matplotlib.use("Agg")
    from matplotlib import pyplot

    good = [r for r in records if r.result.status == "ok" and r.trial is not None and r.result.reward is not None]
    episodes = [r.id + 1 for r in good]
    rewards = [float(r.result.reward or 0.0) for r in good]
    best = [max(rewards[: k + 1]) for k in range(len(rewards))]
    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 6), layout="constrained")
    above.plot(episodes, rewards, ".", color="#7a9cc6", label="reward")
    above.step(episodes, best, where="post", color="#1f4e8c", label="best so far")
    above.set_ylabel("reward")
    above.legend(loc="lower right")
    values = [r.result.value for r in good]
    is_share = all(0 <= value <= 1 for value in values)
    if is_share:
        below.plot(episodes, [100 * value for value in values], ".", color="#3c8d40", label=f"held-out {metric}")
    else:
        own = below.twinx()
        own.plot(episodes, values, ".", color="#3c8d40", label=f"held-out {metric}")
        own.set_ylabel(metric)
        own.legend(loc="lower left")
    for (name, shares), colour in zip(_costs(good).items(), ("#c0504d", "#b8860b", "#7f7f7f", "#8e63b0"), strict=False):
        below.plot(episodes, [100 * share for share in shares], "-", lw=1, color=colour, label=f"{name} kept")
    below.set(xlabel="episode", ylabel="%", ylim=(0, 100))
    below.legend(loc="lower right")
    try:
        with atomic_write(path) as file:
            figure.savefig(file, dpi=120, format="png")
    finally:
        pyplot.close(figure)


def _costs(good: Sequence[Record]) -> dict[str, list[float]]:
    """For each cost, the share that each trial kept; those that were measured first."""
    found: dict[str, list[float]] = {}
    for key in good[0].result.measured if good else ():
        if key.endswith("_share") and all(key in r.result.measured for r in good):
            found[key.removesuffix("_share")] = [r.result.measured[key] for r in good]
    for name in dict.fromkeys(name for r in good if r.trial for name in r.trial.shares):
        found[name] = [r.trial.shares[name] for r in good if r.trial]
    return found
