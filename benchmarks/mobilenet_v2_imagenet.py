"""Search algorithms at equal budget: MobileNetV2 on ImageNet's classes, no fine-tuning.

One half of the images calibrates and is searched on, the other half judges the best trial once. One line of JSON is
kept for each run, so that the table can be made in pieces:

    python benchmarks/mobilenet_v2_imagenet.py --data images --weights mobilenet_v2.safetensors --out results.jsonl
"""

from __future__ import annotations

from equal_budget import Comparison, Data, compare, options

from prunekit.core.data import batches
from prunekit.core.weights import load_weights
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.datasets.imagenet import Imagenet

if __name__ == "__main__":
    chosen = options(__doc__, "mobilenet_v2_imagenet.jsonl", budgets=[0.7], episodes=40, warmup=10)

    def prepared() -> Comparison:
        """The network and the data."""
        network = MobileNetV2()
        load_weights(PytorchBackend(), network, chosen.weights)
        halves = {"train_portion": 1.0, "test_portion": 0.5}
        searched = list(batches(Imagenet(data_path=chosen.data, split="train", **halves), 50))
        judged = list(batches(Imagenet(data_path=chosen.data, split="test", **halves), 50))
        return Comparison(network, Data(searched, searched, judged), latency_batch=8)

    compare(chosen, prepared)
