"""The adapter's folder: what peft and vLLM load, a model card, `training.json`; and the whole model, when it is merged."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from outputs.training.checkpoint import save_tensors
from outputs.training.model import load_base
from outputs.training.result import Training

WEIGHTS = "adapter_model.safetensors"
MERGED = "merged"
_NAME = ".default."
"""What peft calls the adapter inside a model; names in files are without it."""


def write_adapter(out: Path, model: Any, weights: dict[str, torch.Tensor], training: Training) -> None:
    """Write an adapter's folder, `training.json` last.

    Args:
        out: the folder.
        model: the model with the adapter, for its configuration.
        weights: the adapter's weights by their names in the model.
        training: what is known of the training.

    Raises:
        OSError: it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    save_tensors(out / WEIGHTS, {name.replace(_NAME, "."): weight for name, weight in weights.items()})
    config = model.peft_config["default"]
    config.base_model_name_or_path = training.base
    config.inference_mode = True
    config.save_pretrained(out)
    training.write(out)


def write_merged(out: Path, base: str, tokenizer: Any) -> None:
    """Write the base with the adapter of `out` merged into it, as a whole model in a folder of `out`.

    Raises:
        OSError: it cannot be written.
    """
    whole = load_base(base, torch.float32)  # sums in fp32, rounded once
    merged = PeftModel.from_pretrained(whole.model, out).merge_and_unload(safe_merge=True)
    merged.to(torch.bfloat16).save_pretrained(out / MERGED)
    tokenizer.save_pretrained(out / MERGED)
