"""What training teaches: strategy accuracy and reply loss of models on labelled dialogues that none of them has seen.

The strategy of each supporter turn is the likeliest of the labels, among those that the flow rules allow and among all
twelve; the reply's loss is in nats a token, given the strategy. Intervals (95%) are a bootstrap over dialogues.

    python -m benchmarks.teaching DIALOGUES.jsonl --models smollm2-untaught ADAPTER...
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from peft import PeftModel

from agents.csc.dialogue import SupporterView
from agents.csc.flow import Limits, Progress, allowed_strategies
from agents.csc.strategies import Strategy
from agents.engine.adapter import read_adapter
from agents.roles.supporter import supporter_turn_messages
from agents.roles.supporter_assistant import strategy_messages
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import ChatMessage, RoleRow
from outputs.training.model import Base, choose_dtype, load_base, negative_log_likelihoods, takes_trees
from outputs.training.packing import TokenRow
from outputs.training.plan import Item, make_packs
from outputs.training.settings import Precision
from outputs.training.tokens import Encoder

RESAMPLES = 2000


class Request(NamedTuple):
    """A request of a supporter turn: what is measured on it, its row, and the options to choose from, if any."""

    measure: str
    row: RoleRow


def requests(dialogue: Labelled) -> Iterator[Request]:
    """Yield for each labelled supporter turn the choice of its strategy, among some and all, and its reply."""
    for index, turn in enumerate(dialogue.turns):
        if turn.strategy is None:
            continue
        view = SupporterView(dialogue.language, dialogue.topic, dialogue.scenario, dialogue.turns[:index])
        allowed = allowed_strategies(Progress.of(view.turns), Limits())
        choices = {"allowed": allowed, "free": tuple(Strategy)}
        for measure, options in choices.items():
            if turn.strategy in options and len(options) > 1:
                messages = strategy_messages(view, options)
                yield Request(measure, _row(dialogue, messages, turn.strategy.value, tuple(options)))
        yield Request("reply", _row(dialogue, supporter_turn_messages(view, turn.strategy), turn.text, ()))


def _row(dialogue: Labelled, messages: Sequence[Any], answer: str, options: tuple[str, ...]) -> RoleRow:
    chat = tuple(ChatMessage.model_validate(message) for message in messages)
    return RoleRow(id="", role="supporter", dialogue=dialogue.id, messages=chat, answer=answer, options=options)


def load(name: str) -> Base:
    """Load a model or, from its folder, an adapter with its base."""
    adapter = read_adapter(name)
    base = load_base(adapter.base if adapter else name, choose_dtype(Precision.AUTO, torch.device("cpu")))
    return base._replace(model=PeftModel.from_pretrained(base.model, name)) if adapter else base


def measure(base: Base, dialogue: Labelled) -> dict[str, tuple[float, int]]:
    """Return for each measure its sum over a dialogue, and over how many choices or tokens."""
    encoder = Encoder(base.tokenizer)
    asked = list(requests(dialogue))
    rows: list[TokenRow] = []
    owners: list[tuple[int, str]] = []
    for number, request in enumerate(asked):
        options = request.row.options or (request.row.answer,)
        rows += encoder.encode_options(request.row) if request.row.options else encoder.encode([request.row])
        owners += [(number, option) for option in options]
    losses = np.zeros(len(rows))
    with torch.no_grad():
        for packed in make_packs([Item(row, "", "") for row in rows], 4096):
            np.add.at(losses, packed.rows, negative_log_likelihoods(base.model, packed).double().numpy())
    sums: dict[str, tuple[float, int]] = {}
    for number, request in enumerate(asked):
        mine = [
            (loss, option, row)
            for loss, (owner, option), row in zip(losses, owners, rows, strict=True)
            if owner == number
        ]
        if request.row.options:
            value, count = float(min(mine)[1] == request.row.answer), 1
        else:
            value, count = mine[0][0], len(mine[0][2].tokens) - mine[0][2].answer
        total, counted = sums.get(request.measure, (0.0, 0))
        sums[request.measure] = (total + value, counted + count)
    return sums


def interval(pairs: Sequence[tuple[float, int]]) -> str:
    """Return a mean over dialogues with its 95% bootstrap interval."""
    values, counts = np.array(pairs, float).T
    drawn = np.random.default_rng(7).integers(len(values), size=(RESAMPLES, len(values)))
    means = values[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.sum() / counts.sum():.3f} ({low:.3f} to {high:.3f})"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.teaching", description=__doc__)
    parser.add_argument("dialogues", type=Path, help="labelled dialogues, one a line")
    parser.add_argument("--models", nargs="+", required=True, help="models, or folders of adapters")
    parser.add_argument("--json", type=Path, help="file for the sums of each dialogue")
    arguments = parser.parse_args(argv)
    with errors_in_one_line():
        dialogues = list(read_dialogues(arguments.dialogues))
        found: dict[str, list[dict[str, tuple[float, int]]]] = {}
        for name in arguments.models:
            base = load(name)
            takes_trees(base.model, base.longest)
            found[name] = [measure(base, dialogue) for dialogue in dialogues]
    if arguments.json:
        arguments.json.write_text(json.dumps(found), encoding="utf-8")
    measures = ("allowed", "free", "reply")
    table = [
        [name, *(interval([sums[it] for sums in of_model if it in sums]) for it in measures)]
        for name, of_model in found.items()
    ]
    columns = ["model", "strategy, among the allowed", "strategy, among all twelve", "loss of the reply"]
    print_table(f"{len(dialogues)} dialogues; {describe_machine('torch')}", columns, table)


if __name__ == "__main__":
    main()
