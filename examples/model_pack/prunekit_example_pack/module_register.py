"""What the pack holds. It is read whenever prunekit starts, so it imports nothing."""

MODULE_REGISTER = [
    {
        "type": "network",
        "backend": "pytorch",
        "name": "StripeNet",
        "aliases": ["stripenet"],
        "target": "prunekit_example_pack.stripe_net:StripeNet",
    },
    {"type": "dataset", "name": "Stripes", "target": "prunekit_example_pack.stripes:Stripes"},
    {
        "type": "metric",
        "name": "balanced_accuracy",
        "target": "prunekit_example_pack.balanced_accuracy:BalancedAccuracy",
    },
    {"type": "reward", "name": "frugal", "target": "prunekit_example_pack.frugal:Frugal"},
    {"type": "cost_estimator", "name": "traffic", "target": "prunekit_example_pack.traffic:Traffic"},
    {"type": "cost_estimator", "name": "cpu_time", "target": "prunekit_example_pack.cpu_time:CpuTime"},
    {
        "type": "importance",
        "name": "GeometricMedian",
        "target": "prunekit_example_pack.geometric_median:GeometricMedian",
    },
    {"type": "search_algorithm", "name": "hill_climbing", "target": "prunekit_example_pack.hill_climbing:HillClimbing"},
    {
        "type": "trainer",
        "backend": "pytorch",
        "name": "AdamWTrainer",
        "target": "prunekit_example_pack.adamw_trainer:AdamWTrainer",
    },
    {"type": "pipe_step", "name": "QuantizePipeStep", "target": "prunekit_example_pack.quantize:QuantizePipeStep"},
    {"type": "exporter", "backend": "pytorch", "name": "pt2", "target": "prunekit_example_pack.pt2:Pt2Exporter"},
    {"type": "executor", "name": "own_processes", "target": "prunekit_example_pack.own_processes:OwnProcesses"},
]
