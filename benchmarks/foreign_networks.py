"""Networks of other libraries than the zoos', small, with random weights: what can go, how exact, how much is proven.

    pip install diffusers monai open_clip_torch transformers vit-pytorch x-transformers
    python benchmarks/foreign_networks.py

Those of libraries that are not installed are left out, and named at the end. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import torch

from prunekit import PrunePlan, trace
from prunekit.core.cost import price
from prunekit.core.data.nested import map_leaves
from prunekit.core.testing import assert_exact
from prunekit.model_zoo.zoos.library_import import library
from prunekit.registry.errors import first_line

Case: TypeAlias = "tuple[torch.nn.Module, Any]"
"""A network and what it is called with."""


def _image(side: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(1, channels, side, side)


def _made(path: str, inputs: Callable[[], Any], /, **options: Any) -> Case:
    """A class of a module, called with options, which may be cases of which the network counts."""
    module, name = path.rsplit(".", 1)
    made = {key: value()[0] if isinstance(value, partial) else value for key, value in options.items()}
    return getattr(import_module(module), name)(**made), inputs()


def _configured(kind: str, config: str, inputs: Callable[[], Any], **options: Any) -> Case:
    """A network of transformers."""
    transformers = import_module("transformers")
    return getattr(transformers, kind)(getattr(transformers, config)(**options)), inputs()


def _tokens() -> dict[str, torch.Tensor]:
    return {"input_ids": torch.arange(3, 19)[None]}


def _text_and_image() -> Case:
    clip, coca = import_module("open_clip.model"), import_module("open_clip.coca_model")
    text = {"context_length": 16, "vocab_size": 64, "width": 32, "heads": 4, "layers": 2}
    vision = {"layers": 2, "width": 32, "head_width": 8, "patch_size": 8, "image_size": 32, "attn_pooler_heads": 4}
    network = coca.CoCa(
        32, coca.MultimodalCfg(**text), clip.CLIPTextCfg(**text, embed_cls=True, output_tokens=True),
        clip.CLIPVisionCfg(**vision, attentional_pool=True, output_tokens=True),
    )  # fmt: skip
    torch.nn.init.normal_(network.text_decoder.text_projection, std=0.2)  # the library leaves what was in memory
    return network, (_image(32), torch.randint(1, 64, (1, 16)))


def _denoised(**more: Any) -> dict[str, Any]:
    return {"hidden_states": torch.rand(1, 4, 8, 8), "encoder_hidden_states": torch.rand(1, 5, 24), **more}


def _flux() -> dict[str, Any]:
    places = {"img_ids": torch.zeros(16, 3), "txt_ids": torch.zeros(5, 3), "timestep": torch.tensor([0.3])}
    return _denoised(hidden_states=torch.rand(1, 16, 4), pooled_projections=torch.rand(1, 16), **places)


SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 64}
VIT = {"image_size": 32, "patch_size": 8, "num_classes": 5, "dim": 32, "depth": 2, "heads": 4, "dim_head": 8}
DIT = {"in_channels": 4, "num_attention_heads": 4, "attention_head_dim": 8, "num_layers": 2, "sample_size": 8}
UNETS = {"spatial_dims": 2, "in_channels": 1, "out_channels": 3}
HEARD = {"conv_dim": (16, 16, 16), "conv_kernel": (8, 4, 4), "conv_stride": (4, 4, 2), "num_conv_pos_embeddings": 8}
LATENT = {"block_out_channels": (16, 32), "norm_num_groups": 8, "layers_per_block": 1, "attention_head_dim": 8}

CASES: dict[str, Callable[[], Case]] = {
    "diffusers FLUX": partial(_made, "diffusers.FluxTransformer2DModel", _flux, patch_size=1, in_channels=4,
        num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=24,
        pooled_projection_dim=16, axes_dims_rope=(4, 6, 6)),
    "diffusers SANA": partial(_made, "diffusers.SanaTransformer2DModel",
        partial(_denoised, timestep=torch.tensor([3])), **DIT, out_channels=4, num_cross_attention_heads=4,
        cross_attention_head_dim=8, cross_attention_dim=32, caption_channels=24),
    "diffusers SD3": partial(_made, "diffusers.SD3Transformer2DModel",
        partial(_denoised, timestep=torch.tensor([3]), pooled_projections=torch.rand(1, 16)), **DIT, patch_size=2,
        out_channels=4, joint_attention_dim=24, caption_projection_dim=32, pooled_projection_dim=16,
        pos_embed_max_size=8),
    "diffusers UNet": partial(_made, "diffusers.UNet2DConditionModel",
        lambda: (_image(16, 4), torch.tensor([3]), torch.rand(1, 5, 24)), **LATENT, sample_size=16,
        cross_attention_dim=24, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
    "monai HighResNet": partial(_made, "monai.networks.nets.HighResNet", partial(_image, 32, 1), **UNETS),
    "monai SwinUNETR": partial(_made, "monai.networks.nets.SwinUNETR", partial(_image, 64, 1), **UNETS,
        feature_size=12, depths=(1, 1, 1, 1), num_heads=(2, 2, 4, 4)),
    "open_clip CoCa": _text_and_image,
    "transformers DeBERTa": partial(_configured, "DebertaV2ForSequenceClassification", "DebertaV2Config", _tokens,
        **SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"]),
    "transformers Nystromformer": partial(_configured, "NystromformerForSequenceClassification",
        "NystromformerConfig", _tokens, **SMALL, num_landmarks=4, segment_means_seq_len=16),
    "transformers wav2vec 2.0": partial(_configured, "Wav2Vec2ForSequenceClassification", "Wav2Vec2Config",
        lambda: torch.rand(1, 2000), **SMALL, **HEARD, num_conv_pos_embedding_groups=4, classifier_proj_size=32),
    "vit_pytorch XCiT": partial(_made, "vit_pytorch.xcit.XCiT", partial(_image, 32), **VIT, cls_depth=1, mlp_dim=64),
    "vit_pytorch hyper-connections": partial(_made, "vit_pytorch.simple_vit_with_hyper_connections.SimpleViT",
        partial(_image, 32), **VIT, mlp_dim=64, num_residual_streams=2),
    "vit_pytorch MaxViT": partial(_made, "vit_pytorch.max_vit.MaxViT", partial(_image, 64), num_classes=5,
        dim_conv_stem=16, dim=16, dim_head=8, depth=(1, 1), window_size=4),
    "x_transformers encoder": partial(_made, "x_transformers.TransformerWrapper", lambda: torch.arange(3, 11)[None],
        num_tokens=64, max_seq_len=32, attn_layers=partial(_made, "x_transformers.Encoder", lambda: None, dim=32,
        depth=2, heads=4, attn_dim_head=8, attn_kv_heads=2, attn_gate_values=True)),
}  # fmt: skip
"""By the library's name and the network's."""


def row(name: str) -> list[str]:
    """A row of the table: what was found, or what went wrong."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    try:
        if find_spec("torchvision"):  # which some of them import
            library("torchvision")
        network, inputs = CASES[name]()
        start = time.process_time()
        graph = trace(network.eval(), inputs)
        seconds = time.process_time() - start
        half = price(graph, PrunePlan.uniform(graph, 0.5)).macs / max(price(graph).macs, 1)
        error = assert_exact(network.double(), map_leaves(_as_float64, inputs), graph=graph).error
    except Exception as problem:  # the libraries' code runs here
        return [name, "failed", "", "", f"  {type(problem).__name__}: {first_line(problem)[:100]}"]
    return [name, f"{half:.3f}", f"{len(graph.proven)} of {len(graph.groups)}", f"{error:.1e}", f"{seconds:.1f}"]


def _as_float64(leaf: Any) -> Any:
    return leaf.double() if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of names, as 'diffusers'; by default all")
    asked = tuple(parser.parse_args().names) or ("",)
    names = [name for name in CASES if name.startswith(asked)]
    there = [name for name in names if find_spec(name.partition(" ")[0])]
    line = f"{{:<{max(map(len, names), default=0)}}}  {{:>17}}  {{:>13}}  {{:>16}}  {{:>5}}".format
    print(line("network", "MACs kept at half", "groups proven", "error in float64", "CPU s"))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for found in pool.imap(row, there):
            print(line(*found), flush=True)
    missing = sorted({name.partition(" ")[0] for name in names} - {name.partition(" ")[0] for name in there})
    print("left out, as they are not installed:" if missing else "all are installed", *missing)


if __name__ == "__main__":
    main()
