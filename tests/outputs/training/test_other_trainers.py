"""TRL's trainers take our rows: a step each, on a model of a few thousand weights."""

import math
from pathlib import Path
from typing import Any

import datasets
import pytest

from outputs.datasets.formats import Format
from tests.support.golden import FOLDER
from tests.support.tiny_model import make_model, make_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore")
"""What those packages warn each other of is theirs."""
STEP = {
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "max_length": None,
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "report_to": "none",
    "save_strategy": "no",
    "disable_tqdm": True,
}


def load(form: Format, cache: Path) -> datasets.Dataset:
    return datasets.load_dataset(
        "json", data_files=str(FOLDER / f"record-{form}.jsonl"), split="train", cache_dir=str(cache)
    )


def as_completions(row: dict[str, Any]) -> dict[str, Any]:
    """Make a row of `roles` one that TRL takes, as docs/training.md has it."""
    return {"prompt": row["messages"], "completion": [{"role": "assistant", "content": row["answer"]}]}


@pytest.mark.parametrize("form", [Format.MESSAGES, Format.PROMPT_COMPLETION, Format.ROLES])
def test_supervised_training(form: Format, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    rows, tokenizer = load(form, tmp_path), make_tokenizer()
    if form is Format.ROLES:
        rows = rows.map(as_completions, remove_columns=rows.column_names)
    arguments = SFTConfig(output_dir=str(tmp_path), **STEP)
    trainer = SFTTrainer(model=make_model(), processing_class=tokenizer, train_dataset=rows, args=arguments)
    assert math.isfinite(trainer.train().training_loss)
    if form is not Format.MESSAGES:  # the loss is on the answers alone
        labels = next(iter(trainer.get_train_dataloader()))["labels"]
        answers = {f"{row['completion'][0]['content']}<|im_end|>\n" for row in rows}
        assert {tokenizer.decode(row[row != -100]) for row in labels} <= answers


def test_preferences(tmp_path: Path) -> None:
    from trl import DPOConfig, DPOTrainer

    trainer = DPOTrainer(
        model=make_model(),
        ref_model=make_model(),
        processing_class=make_tokenizer(),
        train_dataset=load(Format.PREFS, tmp_path),
        args=DPOConfig(output_dir=str(tmp_path), **STEP),
    )
    # At first both models are the same, and neither answer is preferred.
    assert trainer.train().training_loss == pytest.approx(math.log(2), abs=1e-3)
