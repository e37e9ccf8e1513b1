"""The training loop: optimiser steps over packs, held-out figures, checkpoints that a resume goes on from exactly.

A loop of our own over accelerate, and not TRL's trainer: packs are tries with masks of their own, a step is made of
whole sides of dialogues, and whatever a step depends on (its rows, learning rate and dropout) follows from its number,
so that a resumed training ends at the same weights. AdamW (Loshchilov and Hutter 2019), a linear rise and a cosine fall
of the learning rate, gradients clipped at norm 1.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator

from agents.errors import TrainingError
from outputs.training.checkpoint import State, Tensors, gather, restore
from outputs.training.model import negative_log_likelihoods
from outputs.training.packing import Pack, count_nodes
from outputs.training.plan import Item, even_budget, make_packs, plan_epoch
from outputs.training.result import Held, Step
from outputs.training.settings import TrainSettings

CLIP_NORM = 1.0
EVERYTHING = "all"
"""The name under which the loss over all roles stands."""


class Listener(Protocol):
    """Who is told how a training goes, and may end it."""

    @property
    def stopping(self) -> bool:
        """Whether the training shall end with a checkpoint after the step that it is at."""

    def began(self, steps: int, done: int) -> None:
        """Told how many steps there are, and how many of them were done earlier."""

    def stepped(self, step: Step, tokens: int) -> None:
        """Told each step, and how many tokens went through the model in it."""

    def measured(self, held: Held) -> None:
        """Told the held-out figures."""

    def say(self, line: str) -> None:
        """Told a line for people to read."""


class Trainer:
    """Trains a model with an adapter.

    Args:
        model: the model as the accelerator has prepared it; what of it is to be trained requires gradients.
        optimiser: that of the model, prepared with it.
        items: the rows to train on.
        budget: number of tokens that a pack holds; None for packs of one row each.
        settings: what else there is to know.
        accelerator: brings the processes together.
    """

    def __init__(
        self,
        model: Any,
        optimiser: Any,
        items: Sequence[Item],
        budget: int | None,
        settings: TrainSettings,
        accelerator: Accelerator,
    ) -> None:
        self._items = items
        self._budget = budget
        self._settings = settings
        self._accelerator = accelerator
        self.model = model
        self._optimiser = optimiser
        epochs = [plan_epoch(items, settings.batch, settings.seed, epoch) for epoch in range(settings.epochs)]
        self._plan = [step for epoch in epochs for step in epoch][: settings.steps]
        self.tokens_per_epoch = sum(count_nodes([items[index].tokens for index in step], budget) for step in epochs[0])
        """Number of tokens that go through the model in the first epoch."""
        self._epoch_ends = {*np.cumsum([len(epoch) for epoch in epochs]).tolist(), self.steps}
        self.curve: list[Step] = []

    @property
    def steps(self) -> int:
        """Number of optimiser steps in all epochs together."""
        return len(self._plan)

    def ends_epoch(self, number: int) -> bool:
        """Tell whether an epoch, or the training, ends with step `number`."""
        return number in self._epoch_ends

    def step(self, number: int) -> tuple[Step, int]:
        """Carry out step `number`, counted from 1; return it, and how many tokens went through the model.

        Raises:
            TrainingError: the loss is no number.
        """
        items = [self._items[index] for index in self._plan[number - 1]]
        packs = self._pack(items)
        answers = sum(len(packed.targets) for packed in packs)
        torch.manual_seed(self._settings.seed * 1_000_003 + number)  # for dropout: a resumed step draws the same
        self.model.train()
        total = torch.zeros((), device=self._accelerator.device)
        mine = self._share(packs)
        for place, (packed, weight) in enumerate(mine, start=1):
            with nullcontext() if place == len(mine) else self._accelerator.no_sync(self.model):
                loss = negative_log_likelihoods(self.model, packed).sum() * weight
                # Processes average their gradients; the loss is a mean over the answers of all of them.
                self._accelerator.backward(loss * (self._accelerator.num_processes / answers))
                total += loss.detach()
        mean = float(self._accelerator.reduce(total)) / answers
        norm = float(self._accelerator.clip_grad_norm_(self.model.parameters(), CLIP_NORM))
        if not (math.isfinite(mean) and math.isfinite(norm)):
            raise TrainingError(f"step {number}: the loss is {mean}, the gradient's norm {norm}")
        rate = self._rate(number)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._optimiser.zero_grad()
        step = Step(number=number, loss=mean, learning_rate=rate, gradient=norm)
        self.curve.append(step)
        return step, sum(len(packed.tokens) for packed in packs)

    def measure(self, items: Sequence[Item], number: int) -> Held:
        """Return the figures of held-out items after step `number`: loss by role, and how many choices are right."""
        self.model.eval()
        sums = torch.zeros(len(items), 2, dtype=torch.float64)
        with torch.no_grad():
            for packed, weight in self._share(self._pack(items)):
                losses = negative_log_likelihoods(self.model, packed).double().cpu() * weight
                rows = torch.from_numpy(packed.rows).long()
                sums[:, 0].index_add_(0, rows, losses)
                sums[:, 1].index_add_(0, rows, torch.full_like(losses, weight))
        summed = self._accelerator.reduce(sums.float().to(self._accelerator.device)).cpu().numpy()
        return describe_held(items, summed[:, 0], summed[:, 1], number)

    def state(self) -> Tensors:
        """Return what a checkpoint holds of this; every process has to call it."""
        return gather(self.model, self._optimiser.optimizer)

    def restore(self, state: State, tensors: Tensors) -> None:
        """Go back to a checkpoint."""
        restore(self.model, self._optimiser.optimizer, tensors)
        self.curve = list(state.curve)

    def _rate(self, number: int) -> float:
        """Return the learning rate of a step: it rises to the setting, then falls to 0 by a cosine."""
        rise = math.ceil(self._settings.warmup * self.steps)
        if number <= rise:
            return self._settings.learning_rate * number / rise
        return self._settings.learning_rate * (1 + math.cos(math.pi * (number - rise) / (self.steps - rise + 1))) / 2

    def _pack(self, items: Sequence[Item]) -> list[Pack]:
        budget, processes = self._budget, self._accelerator.num_processes
        return make_packs(items, even_budget(items, budget, processes) if budget and processes > 1 else budget)

    def _share(self, packs: Sequence[Pack]) -> list[tuple[Pack, float]]:
        """Return the packs of this process, each with its weight.

        All processes have to make as many passes: one that has fewer packs makes its last ones with weight 0.
        """
        count, mine = self._accelerator.num_processes, self._accelerator.process_index
        passes = math.ceil(len(packs) / count)
        places = [(round_ * count + mine) for round_ in range(passes)]
        return [(packs[place], 1.0) if place < len(packs) else (packs[0], 0.0) for place in places]


def describe_held(items: Sequence[Item], losses: Iterable[float], tokens: Iterable[float], number: int) -> Held:
    """Return held-out figures of items, of each of which the loss of its answer and its number of tokens are given.

    An item that is a wrong option counts for its choice alone.
    """
    by_role: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    choices: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for item, loss, count in zip(items, losses, tokens, strict=True):
        if item.is_answer:
            for name in (item.role, EVERYTHING):
                by_role[name][0] += float(loss)
                by_role[name][1] += float(count)
        if item.choice is not None:
            choices[item.choice].append((float(loss), item.is_answer))
    right = sum(min(options)[1] for options in choices.values())
    return Held(
        step=number,
        loss={role: loss / count for role, (loss, count) in sorted(by_role.items())},
        choices=len(choices),
        accuracy=right / len(choices) if choices else None,
    )
