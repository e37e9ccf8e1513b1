"""One training from rows to adapter folder: reads, splits, encodes, trains, measures before and after, and writes."""

import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator

from agents.digests import digest
from agents.errors import TrainingError, UsageError
from outputs.datasets.roles import RoleRow
from outputs.training.adapter import write_adapter, write_merged, write_result
from outputs.training.checkpoint import (
    State,
    Tensors,
    gather_adapter,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from outputs.training.examples import read_examples
from outputs.training.model import Base, add_adapter, choose_dtype, load_base, negative_log_likelihoods, wants_packing
from outputs.training.packing import Pack, count_nodes
from outputs.training.plan import Item, make_packs, plan_epoch, split_rows
from outputs.training.result import RESULT, Counted, Dropped, Forecast, Held, Source, Training
from outputs.training.settings import Switch, TrainSettings
from outputs.training.tokens import Encoder
from outputs.training.trainer import Listener, Trainer

NAMED = 5
"""Number of left-out rows that are named."""
_TRIED_S = 15.0
"""A forecast ends with the pack in which so many seconds are over."""
_LIBRARIES = ("torch", "transformers", "peft", "accelerate")


def train(
    sources: Sequence[Path], settings: TrainSettings, listener: Listener, *, resume: bool = False
) -> Training | None:
    """Train an adapter and write its folder; None when the listener stopped it before its end.

    Args:
        sources: what to train on, see `read_examples`.
        settings: how, and where the adapter goes.
        listener: told how it goes.
        resume: go on from the checkpoint in the folder.

    Raises:
        UsageError: sources, base, folder or settings cannot be used.
        TrainingError: it cannot go on; the last good checkpoint stays.
    """
    out = settings.out
    if (out / RESULT).exists():
        raise UsageError(f"{out} holds an adapter already: name another folder by --out")
    found = read_checkpoint(out)
    if found and not resume:
        raise UsageError(
            f"{out} holds a training that has not ended: go on by --resume, or name another folder by --out"
        )
    prepared = _prepare(sources, settings, listener)
    run = _Run(prepared, listener)
    if found:
        run.go_back_to(*found)
    try:
        if not run.carry_out():
            return None
        adapter = gather_adapter(prepared.trainer.model)
        training = prepared.describe(run.held_out, run.seconds)
        if prepared.accelerator.is_main_process:
            write_adapter(out, prepared.accelerator.unwrap_model(prepared.trainer.model), adapter, training)
            if settings.merge:
                write_merged(out, prepared.base)
            write_result(out, training)
            remove_checkpoint(out)
    except TrainingError as error:
        raise TrainingError(f"{error}{_way_on(out)}") from None
    except OSError as error:
        raise TrainingError(f"cannot write to {out}: {error}{_way_on(out)}") from error
    return training


def forecast(sources: Sequence[Path], settings: TrainSettings, listener: Listener) -> Forecast:
    """Say what a training would take, from some packs that pass through the model and back; nothing is written.

    Raises:
        UsageError, TrainingError: see `train`.
    """
    prepared = _prepare(sources, settings, listener)
    listener.say(f"Trying some packs, for about {_TRIED_S:.0f} seconds.")
    rate = _try_packs(prepared)
    trainer = prepared.trainer
    epochs = trainer.steps / len(plan_epoch(prepared.train, settings.batch, settings.seed, 0))
    measurements = 1 + min(settings.epochs, math.ceil(epochs))
    train_tokens = prepared.train_counted.packed_tokens * epochs
    # A forward pass is a third of the work.
    held_tokens = prepared.held_counted.packed_tokens * measurements / 3
    return Forecast(
        train=prepared.train_counted,
        held_out_rows=prepared.held_counted,
        dropped=prepared.dropped,
        roles=prepared.roles,
        packed=prepared.is_packed,
        steps=trainer.steps,
        tokens_per_second=rate,
        seconds=(train_tokens + held_tokens) / rate,
        # AdamW keeps two numbers for each weight, from its first step on.
        memory_bytes=_peak_memory(prepared.accelerator.device) + 8 * prepared.parameters,
        device=prepared.accelerator.device.type,
    )


def _try_packs(prepared: "_Prepared") -> float:
    """Return how many tokens a second pass through the model and back, over all processes.

    The longest row comes first: it takes the most memory, and makes kernels ready. Its time does not count.
    """
    trainer, accelerator = prepared.trainer, prepared.accelerator
    trainer.model.train()
    tokens, begun = 0, time.monotonic()
    for number, packed in enumerate(_tried_packs(prepared.train, prepared.budget, prepared.settings)):
        if number == 1:
            tokens, begun = 0, time.monotonic()
        accelerator.backward(negative_log_likelihoods(trainer.model, packed).mean())
        tokens += len(packed.tokens)
        if number and prepared.any_process(time.monotonic() - begun >= _TRIED_S):
            break
    return float(tokens * accelerator.num_processes / (time.monotonic() - begun))


def _tried_packs(items: Sequence[Item], budget: int | None, settings: TrainSettings) -> Iterator[Pack]:
    """Yield the pack of the side that has the longest row, then those of the first epoch in their order."""
    longest = max(items, key=lambda item: len(item.tokens.tokens))
    yield max(
        make_packs([item for item in items if item.side == longest.side], budget),
        key=lambda packed: len(packed.tokens),
    )
    for step in plan_epoch(items, settings.batch, settings.seed, 0):
        yield from make_packs([items[index] for index in step], budget)


class _Prepared(NamedTuple):
    """A training that is ready to begin."""

    settings: TrainSettings
    accelerator: Accelerator
    base: Base
    trainer: Trainer
    train: list[Item]
    held_out: list[Item]
    budget: int | None
    sources: list[Source]
    dropped: Dropped
    roles: dict[str, int]
    train_counted: Counted
    held_counted: Counted
    is_packed: bool
    parameters: int
    precision: str
    digest: str

    def any_process(self, flag: bool) -> bool:
        """Tell whether a flag is set in any process: all have to do the same."""
        if self.accelerator.num_processes == 1:
            return flag
        return bool(self.accelerator.reduce(torch.tensor(float(flag), device=self.accelerator.device)))

    def describe(self, held_out: Sequence[Held], seconds: float) -> Training:
        """Return all that is known of the training now that it has ended."""
        return Training(
            base=self.base.name,
            # The folder may tell who trained, and the file is published with the adapter.
            settings=self.settings.model_dump(mode="json", exclude={"out"}),
            versions=_versions(),
            sources=tuple(self.sources),
            dropped=self.dropped,
            train=self.train_counted,
            held_out_rows=self.held_counted,
            roles=self.roles,
            packed=self.is_packed,
            device=self.accelerator.device.type,
            precision=self.precision,
            parameters=self.parameters,
            steps=self.trainer.steps,
            seconds=seconds,
            curve=tuple(self.trainer.curve),
            held_out=tuple(held_out),
        )


class _Run:
    """The steps of a training, from the first or from a checkpoint on.

    Attributes:
        held_out: the figures of the held-out rows so far.
    """

    def __init__(self, prepared: _Prepared, listener: Listener) -> None:
        self.held_out: list[Held] = []
        self._prepared = prepared
        self._listener = listener
        self._done = 0
        """Steps that were done before this one began."""
        self._earlier_s = 0.0
        """Seconds that they took."""
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds that the training has taken, those before its checkpoint included."""
        return self._earlier_s + time.monotonic() - self._begun

    def go_back_to(self, state: State, tensors: Tensors) -> None:
        """Begin at a checkpoint.

        Raises:
            UsageError: it is of another training.
        """
        if state.digest != self._prepared.digest:
            out = self._prepared.settings.out
            raise UsageError(f"{out} was begun with other settings, base or rows: go on with the same ones")
        self._prepared.trainer.restore(state, tensors)
        self._done, self._earlier_s, self.held_out = state.step, state.seconds, list(state.held_out)
        self._listener.say(f"Going on after step {self._done:,}.")

    def carry_out(self) -> bool:
        """Carry out the steps that are left; false where the listener stopped it before the last, with a checkpoint.

        Raises:
            TrainingError: a step cannot be carried out.
            OSError: a checkpoint cannot be written.
        """
        prepared, trainer, listener = self._prepared, self._prepared.trainer, self._listener
        listener.began(trainer.steps, self._done)
        if not self._done:
            self._measure(0)
        saved = time.monotonic()
        for number in range(self._done + 1, trainer.steps + 1):
            step, tokens = trainer.step(number)
            listener.stepped(step, tokens)
            if trainer.ends_epoch(number):
                self._measure(number)
            stopping = prepared.any_process(listener.stopping)
            # From the last step's a merge is made again that fails, as on a full disk.
            merging = prepared.settings.merge and number == trainer.steps
            if stopping or merging or prepared.any_process(time.monotonic() - saved >= prepared.settings.checkpoint_s):
                self._checkpoint(number)
                saved = time.monotonic()
            if stopping:
                return False
        return True

    def _measure(self, step: int) -> None:
        if self._prepared.held_out:
            self.held_out.append(self._prepared.trainer.measure(self._prepared.held_out, step))
            self._listener.measured(self.held_out[-1])

    def _checkpoint(self, step: int) -> None:
        tensors = self._prepared.trainer.state()
        if self._prepared.accelerator.is_main_process:
            state = State(
                digest=self._prepared.digest,
                step=step,
                seconds=self.seconds,
                curve=tuple(self._prepared.trainer.curve),
                held_out=tuple(self.held_out),
            )
            write_checkpoint(self._prepared.settings.out, state, tensors)


def _prepare(sources: Sequence[Path], settings: TrainSettings, listener: Listener) -> _Prepared:
    rows, read = read_examples(sources, settings.roles)
    split = split_rows(rows, settings.held_out, settings.seed)
    if settings.held_out and not split.held_out:
        raise UsageError("all rows are of one dialogue or persona, so none can be held out: --held-out 0 trains on all")
    # Without being told so it takes each of several processes on a CPU for the only one.
    accelerator = Accelerator(cpu=not torch.accelerator.is_available())
    device = accelerator.device
    dtype = choose_dtype(settings.precision, device)
    listener.say(
        f"{len(rows):,} rows; loading {settings.base} in {str(dtype).removeprefix('torch.')} on {device.type}."
    )
    base = load_base(settings.base, dtype)
    limit = base.longest if settings.max_length == "auto" else min(settings.max_length, base.longest)
    encoder = Encoder(base.tokenizer)
    train_items, train_dropped = _encode(split.train, encoder, limit, with_options=False)
    held_items, held_dropped = _encode(split.held_out, encoder, limit, with_options=True)
    left_out = train_dropped + held_dropped
    if not train_items:
        raise UsageError(f"every row to train on is longer than {limit:,} tokens")
    if left_out:
        named = ", ".join(left_out[:NAMED]) + (", ..." if len(left_out) > NAMED else "")
        listener.say(f"Left out, longer than {limit:,} tokens: {len(left_out):,} rows ({named}).")
    longest = max(len(item.tokens.tokens) for item in (*train_items, *held_items))
    model = add_adapter(base, settings)
    wants_recomputing = settings.gradient_checkpointing
    if wants_recomputing is Switch.ON or (wants_recomputing is Switch.AUTO and device.type == "cuda"):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parameters = sum(weight.numel() for weight in weights)
    optimiser = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0)
    model, optimiser = accelerator.prepare(model, optimiser)
    is_packed = wants_packing(settings.packing, model, longest)
    budget = settings.pack_tokens if is_packed else None
    trainer = Trainer(model, optimiser, train_items, budget, settings, accelerator)
    return _Prepared(
        settings=settings,
        accelerator=accelerator,
        base=base,
        trainer=trainer,
        train=train_items,
        held_out=held_items,
        budget=budget,
        sources=read,
        dropped=Dropped(limit=limit, count=len(left_out), ids=tuple(left_out[:NAMED])),
        roles=dict(Counter(item.role for item in train_items)),
        train_counted=_count(train_items, trainer.tokens_per_epoch),
        held_counted=_count(held_items, count_nodes([item.tokens for item in held_items], budget)),
        is_packed=is_packed,
        parameters=parameters,
        precision=str(dtype).removeprefix("torch."),
        digest=_digest(settings, read),
    )


def _encode(
    rows: Sequence[RoleRow], encoder: Encoder, limit: int, *, with_options: bool
) -> tuple[list[Item], list[str]]:
    """Return rows as items, with their other options where asked, and the ids of those that are too long."""
    items: list[Item] = []
    too_long: list[str] = []
    for row, tokens in zip(rows, encoder.encode(rows), strict=True):
        if len(tokens.tokens) > limit:
            too_long.append(row.id)
            continue
        item = Item(tokens, row.role, (row.dialogue, row.messages[0].content))
        if with_options and row.options:
            choice = len(items)
            items.append(item._replace(choice=choice))
            for option, other in zip(row.options, encoder.encode_options(row), strict=True):
                if option != row.answer:
                    items.append(item._replace(tokens=other, choice=choice, is_answer=False))
        else:
            items.append(item)
    return items, too_long


def _count(items: Sequence[Item], packed_tokens: int) -> Counted:
    answers = [item for item in items if item.is_answer]
    tokens = [item.tokens for item in answers]
    return Counted(
        rows=len(tokens),
        dialogues=len({item.side[0] for item in answers}),
        row_tokens=sum(len(row.tokens) for row in tokens),
        packed_tokens=packed_tokens,
        answer_tokens=sum(len(row.tokens) - row.answer for row in tokens),
    )


def _digest(settings: TrainSettings, sources: Sequence[Source]) -> str:
    """Return a digest of what a training's weights depend on: where they go and how often they are kept is no part."""
    made_from = settings.model_dump(mode="json", exclude={"out", "checkpoint_s", "license", "merge"})
    return digest([made_from, [source.sha256 for source in sources]])


def _peak_memory(device: torch.device) -> int:
    """Return the most memory in bytes that was in use so far: of the GPU, or else of this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("rolecs", *_LIBRARIES)}


def _way_on(out: Path) -> str:
    try:
        found = read_checkpoint(out)
    except UsageError:
        return ""
    return f"; the checkpoint after step {found[0].step:,} stays, --resume goes on from it" if found else ""
