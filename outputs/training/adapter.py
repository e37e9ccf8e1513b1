"""The adapter's folder: what peft and vLLM load, a card, a report, `training.json`; and the whole model, if merged."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from agents.prompts.templates import template_environment
from outputs.files import write_whole
from outputs.training.checkpoint import disk_errors, save_tensors
from outputs.training.model import Base, load_base, stored_dtype
from outputs.training.page import render_training
from outputs.training.result import RESULT, Training

WEIGHTS, CARD, REPORT = "adapter_model.safetensors", "README.md", "report.html"
MERGED = "merged"
_NAME = ".default."
"""What peft calls the adapter inside a model; names in files are without it."""


def write_adapter(out: Path, model: Any, weights: dict[str, torch.Tensor], training: Training) -> None:
    """Write an adapter's folder but for `training.json`: weights and configuration, model card, report.

    Args:
        out: the folder.
        model: the model with the adapter, for its configuration.
        weights: the adapter's weights by their names in the model.
        training: what is known of the training.

    Raises:
        OSError: it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    # What is served or merged computes in the base's precision: more would double the file for nothing.
    dtype = torch.bfloat16 if training.precision == "bfloat16" else torch.float32
    save_tensors(out / WEIGHTS, {name.replace(_NAME, "."): weight.to(dtype) for name, weight in weights.items()})
    config = model.peft_config["default"]
    config.base_model_name_or_path = training.base
    config.inference_mode = True
    config.save_pretrained(out)
    write_whole(out / CARD, [render_card(out.resolve().name, training)])
    write_whole(out / REPORT, [render_training(out.resolve().name, training)])


def render_card(title: str, training: Training) -> str:
    """Return the model card, in Markdown with the YAML block that hubs read."""
    template = template_environment(Path(__file__).parent).get_template("card.md")
    return template.render(title=title, training=training)


def write_merged(out: Path, base: Base) -> None:
    """Write the base with the adapter of `out` merged into it, as a whole model in a folder of `out`.

    Raises:
        OSError: it cannot be written.
    """
    model = load_base(base.name, torch.float32).model  # sums in fp32, rounded once to what the base is stored in
    merged = PeftModel.from_pretrained(model, out).merge_and_unload(safe_merge=True)
    with disk_errors(out / MERGED):
        merged.to(stored_dtype(base.name)).save_pretrained(out / MERGED)
        base.tokenizer.save_pretrained(out / MERGED)


def write_result(out: Path, training: Training) -> None:
    """Write `training.json`, the last file of a folder: one that has it is finished.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(out / RESULT, [training.model_dump_json(indent=1)])
