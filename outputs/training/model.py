"""The model to train: a base in the device's precision, with an adapter (LoRA, Hu et al. 2021, arXiv 2106.09685)."""

import inspect
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import huggingface_hub
import torch
import torch.nn.functional as F
from huggingface_hub.errors import OfflineModeIsEnabled
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from agents.engine.adapter import read_adapter
from agents.engine.demo_model import DEMO_MODELS, prepare_demo_model
from agents.errors import UsageError, shorten
from outputs.training.attention import TRIE_ATTENTION, make_blocks
from outputs.training.packing import Ints, Pack, TokenRow, pack
from outputs.training.settings import Precision, Switch, TrainSettings
from personas.dedup.embedding import HUB_TIMEOUT_S

ALL_LINEAR = "all-linear"
ATTENTION = "attention"
_DENSE_ATTENTION = "sdpa"
_PROBE_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.2}
"""Mean difference of log likelihoods that rounding explains, in nats; measured in bf16: 0.03, and 2 without a mask."""


class Base(NamedTuple):
    """A base model and its tokenizer.

    Attributes:
        name: hub name, folder or demo model.
        longest: the number of tokens that it takes.
        begun: the folder of the adapter of this base that is trained further; None: a fresh one is.
    """

    name: str
    model: Any
    tokenizer: Any
    longest: int
    begun: Path | None


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Return what the base computes in: bf16 where the device has kernels for it, unless the setting says otherwise."""
    if precision is Precision.AUTO:
        if device.type == "cuda":
            fast = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision is Precision.BF16 else torch.float32


def _find(base: str) -> str:
    """Return the folder or hub name of a base."""
    return str(prepare_demo_model(base)) if base in DEMO_MODELS else base


def stored_dtype(base: str) -> torch.dtype:
    """Return what the weights of a base are stored in."""
    return AutoConfig.from_pretrained(_find(base)).dtype or torch.float32


def load_base(base: str, dtype: torch.dtype) -> Base:
    """Load a base model by its hub name, from a folder, or one of the demo models; that of an adapter, if it is one.

    Raises:
        UsageError: there is no such model, or it has no chat template.
    """
    begun = read_adapter(base)
    name = begun.base if begun else base
    path = _find(name)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        _ask_hub(path)
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation=_DENSE_ATTENTION)
    except (OSError, ValueError) as error:
        of = f" of the adapter {base}" if begun else ""
        raise UsageError(f"--base {name}{of} cannot be loaded: {shorten(str(error))}") from None
    if not tokenizer.chat_template:
        raise UsageError(f"--base {name} has no chat template: take an instruct model")
    model.config.use_cache = False
    longest = int(getattr(model.config, "max_position_embeddings", 0)) or 1 << 20
    return Base(name, model, tokenizer, longest, begun.folder if begun else None)


def _ask_hub(path: str) -> None:
    """Have a base that is neither a folder nor downloaded looked up: its download tries for a minute to reach a hub.

    Raises:
        OSError: it is not there.
    """
    if Path(path).is_dir():
        return
    try:
        if not huggingface_hub.try_to_load_from_cache(path, "config.json"):
            huggingface_hub.HfApi().model_info(path, timeout=HUB_TIMEOUT_S)
    except ValueError:
        raise OSError("no such folder, and no name that a hub could have") from None
    except (OfflineModeIsEnabled, httpx2.TransportError):
        raise OSError("no such folder, and no model hub in reach") from None


def add_adapter(base: Base, settings: TrainSettings) -> Any:
    """Return the model with an adapter in fp32, the only part of it that is trained: a fresh one, or the one begun.

    Raises:
        UsageError: the model has none of the layers named, or the adapter begun is not one of its own.
    """
    try:
        adapted: Any = _begun_adapter(base.model, base.begun) if base.begun else _fresh_adapter(base.model, settings)
    except (OSError, RuntimeError, ValueError) as error:
        what = f"--base {base.begun}" if base.begun else f"--target {settings.target}"
        raise UsageError(f"{what}: {shorten(str(error))}") from None
    for module in adapted.modules():
        if isinstance(module, BaseTunerLayer):
            # Autocast has the adapter compute in bf16: inputs in fp32 would be turned there and back at each layer.
            module.cast_input_dtype_enabled = False  # type: ignore[attr-defined]
    return adapted


def _begun_adapter(model: Any, folder: Path) -> Any:
    return PeftModel.from_pretrained(model, folder, is_trainable=True)


def _fresh_adapter(model: Any, settings: TrainSettings) -> Any:
    torch.manual_seed(settings.seed)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=_target_modules(model, settings.target),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _target_modules(model: Any, target: str) -> str | list[str]:
    if target == ALL_LINEAR:
        return target
    if target == ATTENTION:
        names = {
            name.rsplit(".", 1)[-1]
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and "attn" in name.lower().replace("attention", "attn")
        }
        return sorted(names)
    return [name.strip() for name in target.split(",")]


def negative_log_likelihoods(model: Any, packed: Pack) -> torch.Tensor:
    """Return the negative log likelihood of each answer token of a pack, in nats, in the order of its targets."""
    inner = _unwrap(model)
    device = next(inner.parameters()).device
    sources = _on(packed.sources, device)
    keeps = _keeps_logits(inner)
    how: dict[str, Any] = {"logits_to_keep": sources} if keeps else {}
    if _plain(inner).config._attn_implementation == TRIE_ATTENTION:
        how["blocks"] = make_blocks(packed, inner.dtype)
    else:
        how["attention_mask"] = _attention_mask(packed, device, inner.dtype)
    # The adapter's weights are fp32, and compute in what the base computes in.
    with torch.autocast(device.type, inner.dtype, enabled=inner.dtype is torch.bfloat16):
        logits = model(
            input_ids=_on(packed.tokens, device)[None],
            position_ids=_on(packed.depths, device)[None],
            use_cache=False,
            **how,
        ).logits[0]
    chosen = logits if keeps else logits[sources]
    return F.cross_entropy(chosen.float(), _on(packed.targets, device), reduction="none")


def _attention_mask(packed: Pack, device: torch.device, dtype: torch.dtype) -> torch.Tensor | None:
    """Return the mask by which a node sees its ancestors and itself: (1, 1, n, n), added to the scores.

    None where a pack is a single chain: every model masks that by itself.
    """
    if (packed.ends == len(packed.ends)).all():
        return None
    nodes = torch.arange(len(packed.tokens), device=device)
    ends = _on(packed.ends, device)
    is_ancestor = (nodes[None, :] <= nodes[:, None]) & (ends[None, :] > nodes[:, None])
    # Not of booleans: each layer would turn them into numbers anew.
    mask = torch.zeros(is_ancestor.shape, dtype=dtype, device=device)
    return mask.masked_fill_(~is_ancestor, float("-inf"))[None, None]


def _on(values: Ints, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(values).to(device, torch.long)


def _unwrap(model: Any) -> Any:
    """Return the model within what brings the gradients of several processes together."""
    return model.module if isinstance(model, torch.nn.parallel.DistributedDataParallel) else model


def _plain(model: Any) -> Any:
    """Return the model without the adapter around it."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def _keeps_logits(model: Any) -> bool:
    """Tell whether the model can be asked for the logits of some positions alone."""
    return "logits_to_keep" in inspect.signature(_plain(model).forward).parameters


def takes_trees(model: Any, longest: int) -> bool:
    """Tell whether the model gives each row the same likelihood in a trie as alone, by trying it on two short rows.

    It does not where something else than attention carries what came before (a state, a convolution), or where the
    attention implementation makes a mask of its own. `longest` is the number of tokens of the longest row: a sliding
    window that is shorter would be lost. On a CPU a model that takes them attends by blocks from now on.
    """
    inner = _unwrap(model)
    config = inner.config
    kinds = set(getattr(config, "layer_types", None) or [])
    window = getattr(config, "sliding_window", None)
    if kinds - {"full_attention", "sliding_attention"} or (window and window < longest):
        return False
    plain = _plain(inner)
    takes_blocks = any(it.kind is it.VAR_KEYWORD for it in inspect.signature(plain.forward).parameters.values())
    if plain.device.type == "cpu" and takes_blocks and not getattr(config, "attention_dropout", 0.0):
        plain.set_attn_implementation(TRIE_ATTENTION)
        if _is_exact(model):
            return True
        plain.set_attn_implementation(_DENSE_ATTENTION)
    return _is_exact(model)


def _is_exact(model: Any) -> bool:
    inner = _unwrap(model)
    generator = torch.Generator().manual_seed(0)
    text = torch.randint(0, int(inner.config.vocab_size), (51,), generator=generator).int().numpy()
    # The answers differ in their first token alone: a row that saw the other's answer would copy it.
    rows = [TokenRow(text[:50], 20), TokenRow(text[[*range(20), 50, *range(21, 50)]], 20)]
    packed = pack(rows)
    with torch.no_grad():
        together = negative_log_likelihoods(model, packed).cpu().numpy()
        alone = [negative_log_likelihoods(model, pack([row])).cpu().numpy() for row in rows]
    difference = max(abs(together[packed.rows == index] - alone[index]).mean() for index in range(len(rows)))
    return bool(difference < _PROBE_TOLERANCE[inner.dtype])


def wants_packing(setting: Switch, model: Any, longest: int) -> bool:
    """Tell whether rows are packed as tries; `longest` is the number of tokens of the longest row.

    Raises:
        UsageError: the setting asks for it, and the model gives other likelihoods then.
    """
    if setting is Switch.OFF:
        return False
    takes = takes_trees(model, longest)
    if setting is Switch.ON and not takes:
        raise UsageError("--packing on: this model gives other likelihoods to packed rows; leave the flag out")
    return takes
