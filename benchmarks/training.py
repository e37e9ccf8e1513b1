"""How fast an adapter is trained: what rows share passed once, each row alone, and by TRL's trainer.

The rows are the requests of English calls that ship (13 to 21 utterances, about as long as STAR's). Base, adapter and
precision are the same for all. Ours are two forecasts, as of `rolecs train --dry-run`. TRL's SFTTrainer gets the rows
as prompts with completions, in batches of 8 that are filled up to their longest row; what they are filled up with
goes through the model too and is counted. An epoch's time follows from the rate.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from agents.csc.flow import Limits
from agents.engine.demo_model import UNTAUGHT
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from outputs.datasets.roles import role_rows
from outputs.training.demo.rows import own_calls
from outputs.training.settings import Switch, TrainSettings

BATCH = 8
"""Rows in a batch of TRL's, its default."""


class Silence:
    """Listens to a training and says nothing."""

    stopping = False

    def began(self, steps: int, done: int) -> None: ...

    def stepped(self, step: object, tokens: int) -> None: ...

    def measured(self, held: object) -> None: ...

    def say(self, line: str) -> None: ...


def write_rows(path: Path, calls: int) -> None:
    """Write the requests of some calls that ship, all roles'."""
    dialogues = (dialogue for dialogue, _ in islice(own_calls(), calls))
    rows = (row.model_dump_json() for dialogue in dialogues for row in role_rows(dialogue, Limits()))
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def measure_ours(sources: Sequence[Path], settings: TrainSettings) -> tuple[int, float]:
    """Return the tokens of an epoch, and how many a second pass through the model."""
    from outputs.training.train import forecast

    told = forecast(sources, settings, Silence())
    return told.train.packed_tokens, told.tokens_per_second


def measure_trl(sources: Sequence[Path], settings: TrainSettings, seconds: float, folder: Path) -> tuple[int, float]:
    """Return the same of TRL's trainer; the tokens of an epoch follow from those of the batches that were timed."""
    import datasets
    import torch
    from accelerate import Accelerator
    from peft import LoraConfig
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]

    from outputs.training.examples import read_examples
    from outputs.training.model import choose_dtype, load_base

    device = Accelerator().device
    dtype = choose_dtype(settings.precision, device)
    base = load_base(settings.base, dtype)
    rows = datasets.Dataset.from_list(
        [
            {
                "prompt": [message.model_dump() for message in row.messages],
                "completion": [{"role": "assistant", "content": row.answer}],
            }
            for row in read_examples(sources, settings.roles)[0]
        ]
    )

    class Clock(TrainerCallback):
        """Counts what passes after the first step, and ends the training when the time is over."""

        began, taken, steps, tokens = 0.0, 0.0, 0, 0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            now = time.perf_counter()
            if state.global_step == 1:
                self.began, self.tokens = now, 0
            self.taken, self.steps = now - self.began, state.global_step - 1
            control.should_training_stop = self.steps > 0 and self.taken >= seconds

    clock = Clock()

    def count(model: Any, args: Any, inputs: dict[str, Any]) -> None:
        clock.tokens += inputs["input_ids"].numel()

    trainer: Any = SFTTrainer(
        model=base.model,
        processing_class=base.tokenizer,
        train_dataset=rows,
        peft_config=LoraConfig(
            r=settings.rank, lora_alpha=settings.alpha, target_modules=settings.target, task_type="CAUSAL_LM"
        ),
        callbacks=[clock],
        args=SFTConfig(
            output_dir=str(folder),
            per_device_train_batch_size=BATCH,
            max_length=None,
            bf16=dtype is torch.bfloat16,
            use_cpu=device.type == "cpu",
            gradient_checkpointing=device.type != "cpu",
            learning_rate=settings.learning_rate,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        ),
    )
    trainer.model.register_forward_pre_hook(count, with_kwargs=True)
    trainer.train()
    return round(clock.tokens / (clock.steps * BATCH) * len(rows)), clock.tokens / clock.taken


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.training", description="Measure how fast an adapter is trained.")
    parser.add_argument("--calls", type=int, default=60, help="how many of the calls that ship; at most 168")
    parser.add_argument("--base", default=UNTAUGHT, help="model to adapt; that of the demo, untaught, by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long TRL's trainer is timed")
    arguments = parser.parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported; as `rolecs train` does
    rows = []
    with errors_in_one_line(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [folder / "rows.jsonl"]
        write_rows(sources[0], arguments.calls)
        for title, packing in (("rolecs, packed", Switch.ON), ("rolecs, each row alone", Switch.OFF)):
            settings = TrainSettings(base=arguments.base, out=folder / "none", held_out=0, packing=packing)
            rows.append((title, *measure_ours(sources, settings)))
        rows.append((f"TRL, batches of {BATCH}", *measure_trl(sources, settings, arguments.seconds, folder)))
    print_table(
        f"An adapter of {arguments.base}, the requests of {arguments.calls} calls "
        f"({describe_machine('torch', 'transformers', 'peft', 'trl')})",
        ("trainer", "tokens an epoch", "tokens/s", "s an epoch"),
        [(title, tokens, rate, tokens / rate) for title, tokens, rate in rows],
    )


if __name__ == "__main__":
    main()
