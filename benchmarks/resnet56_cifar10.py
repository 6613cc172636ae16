"""Search algorithms at equal budget: ResNet-56 on CIFAR-10, no fine-tuning.

Every algorithm sees the same network, calibration images and held-out training images; the best trial by its reward
is judged once on the test images. One line of JSON is kept for each run, so that the table can be made in pieces:

    python benchmarks/resnet56_cifar10.py --data cifar10 --weights resnet56.safetensors --out results.jsonl
"""

from __future__ import annotations

from equal_budget import Comparison, Data, compare, options

from prunekit.core.data import batches
from prunekit.core.weights import load_weights
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet56
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.datasets.cifar10 import Cifar10

CALIBRATION, HELD_OUT = 1024, 1000

if __name__ == "__main__":
    chosen = options(__doc__, "resnet56_cifar10.jsonl", budgets=[0.5, 0.35], episodes=100, warmup=20)

    def prepared() -> Comparison:
        """The network and the data."""
        network = ResNet56()
        load_weights(PytorchBackend(), network, chosen.weights)
        train = Cifar10(data_path=chosen.data, split="train", train_portion=0.8)
        val = Cifar10(data_path=chosen.data, split="val", train_portion=0.8, samples=HELD_OUT)
        test = Cifar10(data_path=chosen.data, split="test")
        calibration = list(batches(train, 128, indices=range(CALIBRATION)))
        return Comparison(network, Data(calibration, list(batches(val, 250)), list(batches(test, 250))), 100)

    compare(chosen, prepared)
