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
]
