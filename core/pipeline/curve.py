"""Draws the learning curve of a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prunekit.core.search.trial import Record


def plot_curve(records: Sequence[Record], path: Path) -> None:
    """Reward, accuracy and cost of every evaluated trial over the episodes, with the best reward so far."""
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
    below.plot(episodes, [100 * r.result.accuracy for r in good], ".", color="#3c8d40", label="held-out accuracy")
    costs = dict.fromkeys(name for r in good if r.trial for name in r.trial.shares)
    for name, colour in zip(costs, ("#c0504d", "#b8860b", "#7f7f7f"), strict=False):
        below.plot(episodes, [100 * r.trial.shares[name] for r in good if r.trial], "-", lw=1, color=colour,
                   label=f"{name} kept")  # fmt: skip
    below.set(xlabel="episode", ylabel="%", ylim=(0, 100))
    below.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
