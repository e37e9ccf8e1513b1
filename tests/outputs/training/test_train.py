"""Training from rows to an adapter's folder, on a model of a few thousand weights."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from agents.errors import TrainingError, UsageError
from outputs.datasets.roles import ChatMessage, RoleRow
from outputs.training import checkpoint, train, trainer
from outputs.training.adapter import WEIGHTS
from outputs.training.result import RESULT, Held, Step, Training
from outputs.training.settings import TrainSettings
from tests.support.tiny_model import save_tiny_model


class Quiet:
    """Listens, and stops the training after a step, if it shall."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.lines: list[str] = []
        self.steps: list[int] = []

    @property
    def stopping(self) -> bool:
        return self.stop_after is not None and self.steps[-1] >= self.stop_after

    def began(self, steps: int, done: int) -> None:
        self.lines.append(f"{steps} steps, {done} done")

    def stepped(self, step: Step, tokens: int) -> None:
        assert tokens > 0
        self.steps.append(step.number)

    def measured(self, held: Held) -> None:
        self.lines.append(f"held out after {held.step}")

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def make_rows(dialogues: int = 8) -> list[RoleRow]:
    """Rows in which the right answer can be learnt: the code is the one that the request names."""
    rows = []
    for dialogue in range(dialogues):
        for turn in range(3):
            code = "AB"[(dialogue + turn) % 2]
            messages = (
                ChatMessage(role="system", content="You choose."),
                ChatMessage(role="user", content=f"Number {dialogue}. " + f"Turn {turn}. {code}?"),
            )
            fields: dict[str, Any] = {"dialogue": f"d{dialogue}", "persona": f"p{dialogue // 2}", "messages": messages}
            id_ = f"d{dialogue}-{turn}"
            rows.append(RoleRow(id=f"{id_}-c", role="chooser", answer=code, options=("A", "B"), **fields))
            rows.append(RoleRow(id=f"{id_}-s", role="speaker", answer=f"{code} it is.", **fields))
    return rows


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(row.model_dump_json() + "\n" for row in make_rows()), encoding="utf-8")
    return path


MakeSettings = Callable[..., TrainSettings]


@pytest.fixture
def settings(base: Path, tmp_path: Path) -> MakeSettings:
    def make(**changes: Any) -> TrainSettings:
        defaults = {
            "base": str(base),
            "out": tmp_path / "adapter",
            "learning_rate": 0.02,
            "batch": 6,
            "epochs": 3,
            "held_out": 0.25,
            "precision": "fp32",
            "pack_tokens": 128,
        }
        return TrainSettings.model_validate(defaults | changes)

    return make


def test_a_training_ends_in_a_folder_that_peft_loads(rows_file: Path, settings: MakeSettings) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    chosen = settings(merge=True, epochs=8)
    listener = Quiet()
    trained = train.train([rows_file], chosen, listener)
    assert trained and trained == Training.model_validate_json((chosen.out / RESULT).read_text())
    assert trained.packed and trained.train.packed_tokens < trained.train.row_tokens / 2
    assert (trained.train.dialogues, trained.held_out_rows.dialogues) == (6, 2)
    assert (trained.train.rows, trained.held_out_rows.rows) == (36, 12)
    first, last = trained.held_out[0], trained.held_out[-1]
    assert [held.step for held in trained.held_out] == [0, *(trained.steps // 8 * epoch for epoch in range(1, 9))]
    assert last.loss["all"] < first.loss["all"] / 3 and set(last.loss) == {"all", "chooser", "speaker"}
    assert (first.choices, last.accuracy) == (6, 1.0)
    assert {path.name for path in chosen.out.iterdir()} >= {
        "adapter_config.json",
        WEIGHTS,
        RESULT,
        "README.md",
        "merged",
    }
    assert not [path for path in chosen.out.rglob("*") if path.suffix in {".bin", ".pt", ".pkl", ".pth"}]
    whole = AutoModelForCausalLM.from_pretrained(chosen.out / "merged", dtype=torch.float32)
    plain = AutoModelForCausalLM.from_pretrained(chosen.base, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(plain, chosen.out)
    ids = torch.arange(20)[None]
    torch.testing.assert_close(adapted(ids).logits, whole(ids).logits, rtol=0.05, atol=0.05)
    # An adapter as the base is trained further: it begins where it ended.
    further = train.train(
        [rows_file], settings(base=str(chosen.out), out=chosen.out.with_name("further"), rank=2), Quiet()
    )
    assert further and further.base == trained.base and further.parameters == trained.parameters
    assert further.held_out[0].loss["all"] == pytest.approx(last.loss["all"], rel=0.05)


def test_a_resumed_training_ends_at_the_same_weights(rows_file: Path, settings: MakeSettings, tmp_path: Path) -> None:
    """With dropout, so that chance is resumed as well."""
    whole, halves = settings(dropout=0.2), settings(dropout=0.2, out=tmp_path / "halves")
    at_once = train.train([rows_file], whole, Quiet())
    first, second = Quiet(stop_after=4), Quiet()
    assert train.train([rows_file], halves, first) is None
    assert (halves.out / checkpoint.FOLDER).is_dir() and not (halves.out / RESULT).exists()
    resumed = train.train([rows_file], halves, second, resume=True)
    assert second.steps[0] == 5 and not (halves.out / checkpoint.FOLDER).exists()
    assert at_once and resumed and resumed.curve == at_once.curve and resumed.held_out == at_once.held_out
    mine, other = load_file(whole.out / WEIGHTS), load_file(halves.out / WEIGHTS)
    assert mine.keys() == other.keys() and all(torch.equal(mine[name], other[name]) for name in mine)


def test_a_merge_that_did_not_fit_is_made_by_resuming(
    rows_file: Path, settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(merge=True, epochs=1)

    def full(out: Path, base: object) -> None:
        with checkpoint.disk_errors(out):
            raise SafetensorError("I/O error: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(train, "write_merged", full)
        with pytest.raises(
            TrainingError, match=r"No space left on device; the checkpoint after step .* stays, --resume"
        ):
            train.train([rows_file], chosen, Quiet())
    assert not (chosen.out / RESULT).exists()
    assert train.train([rows_file], chosen, Quiet(), resume=True)
    assert (chosen.out / "merged/model.safetensors").exists() and not (chosen.out / checkpoint.FOLDER).exists()


def test_packing_changes_nothing_but_the_time(rows_file: Path, settings: MakeSettings, tmp_path: Path) -> None:
    packed = train.train([rows_file], settings(epochs=1), Quiet())
    alone = train.train([rows_file], settings(epochs=1, packing="off", out=tmp_path / "off"), Quiet())
    assert packed and alone and alone.train.packed_tokens == alone.train.row_tokens
    for one, other in zip(packed.curve, alone.curve, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.gradient == pytest.approx(other.gradient, rel=1e-2)
    assert packed.held_out[-1].loss == pytest.approx(alone.held_out[-1].loss, rel=1e-2)


def test_what_is_too_long_is_counted_and_named(rows_file: Path, settings: MakeSettings, tmp_path: Path) -> None:
    long = tmp_path / "long.jsonl"
    row = make_rows(1)[0]
    alone = {"dialogue": "one-more", "role": "planner", "persona": "p0"}
    row = row.model_copy(update={"id": "the-long-one", "answer": "A" * 300} | alone)
    long.write_text(rows_file.read_text() + row.model_dump_json() + "\n")
    listener = Quiet()
    trained = train.train([long], settings(max_length=300, epochs=1, held_out=0), listener)
    assert "Left out, longer than 300 tokens: 1 rows (the-long-one)." in listener.lines
    assert trained and (trained.dropped.limit, trained.dropped.count, trained.dropped.ids) == (
        300,
        1,
        ("the-long-one",),
    )
    assert trained.train.rows == sum(trained.roles.values()) == 48 and "planner" not in trained.roles
    assert trained.train.dialogues == len({row.dialogue for row in make_rows()}) and trained.held_out == ()
    with pytest.raises(UsageError, match="longer than 8 tokens"):
        train.train([long], settings(max_length=8, out=tmp_path / "none"), Quiet())


def test_a_forecast_takes_the_time_of_some_packs_and_writes_nothing(
    rows_file: Path, settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def count(model: Any, packed: Any) -> torch.Tensor:
        tried.append(packed)
        return trainer.negative_log_likelihoods(model, packed)

    monkeypatch.setattr(train, "negative_log_likelihoods", count)
    monkeypatch.setattr(train, "_TRIED_S", 0)
    listener = Quiet()
    told = train.forecast([rows_file], settings(), listener)
    assert told.train.rows == 36 and told.steps == 18 and told.tokens_per_second > 0 and told.memory_bytes > 1 << 20
    assert len(tried) == 2 and listener.steps == [] and not settings().out.exists()


def test_what_cannot_go_on_ends_with_one_line_and_the_last_checkpoint(
    rows_file: Path, settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(checkpoint_s=0)
    usual = trainer.negative_log_likelihoods
    passes = iter(range(1000))

    def breaks(model: Any, packed: Any) -> torch.Tensor:
        return usual(model, packed) * (float("nan") if model.training and next(passes) > 8 else 1)

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "negative_log_likelihoods", breaks)
        with pytest.raises(
            TrainingError, match=r"step \d+: the loss is nan.*checkpoint after step \d+ stays, --resume"
        ):
            train.train([rows_file], chosen, Quiet())
    found = checkpoint.read_checkpoint(chosen.out)
    assert found and all(weight.isfinite().all() for weight in found[1].adapter.values())

    def full(path: Path, tensors: object, **how: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save_file", full)
        with pytest.raises(TrainingError, match=f"cannot write to .*No space left.*after step {found[0].step} stays"):
            train.train([rows_file], chosen, Quiet(), resume=True)
    resumed = Quiet()
    assert train.train([rows_file], chosen, resumed, resume=True) and resumed.steps[0] == found[0].step + 1


def test_wrong_use_is_one_line(
    rows_file: Path, settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*_: object, **__: object) -> None:
        raise httpx2.ConnectError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", out_of_reach)
    chosen = settings()
    train.train([rows_file], chosen, Quiet(stop_after=1))
    with pytest.raises(UsageError, match="has not ended: go on by --resume"):
        train.train([rows_file], chosen, Quiet())
    with pytest.raises(UsageError, match="begun with other settings"):
        train.train([rows_file], settings(rank=4), Quiet(), resume=True)
    kept = chosen.out / checkpoint.FOLDER / "optimizer.safetensors"
    kept.write_bytes(kept.read_bytes()[:-4])
    with pytest.raises(UsageError, match="checkpoint cannot be read: "):
        train.train([rows_file], chosen, Quiet(), resume=True)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / RESULT).write_text("{}")
    with pytest.raises(UsageError, match="holds an adapter already"):
        train.train([rows_file], settings(out=tmp_path / "done"), Quiet())
    lone = tmp_path / "lone.jsonl"
    lone.write_text("".join(row.model_dump_json() + "\n" for row in make_rows(2)))
    for changes, told in (
        ({"base": str(tmp_path)}, "cannot be loaded"),
        ({"base": str(chosen.out)}, "cannot be loaded"),
        ({"base": "none/none"}, "no such folder, and no model hub in reach"),
        ({"base": "./none"}, "no such folder, and no name that a hub could have"),
        ({"target": "nowhere"}, "--target nowhere"),
        ({"roles": ("planner",)}, "no row of planner to train on"),
    ):
        with pytest.raises(UsageError, match=told):
            train.train([rows_file], settings(out=tmp_path / "wrong", **changes), Quiet())
    with pytest.raises(UsageError, match="none can be held out"):
        train.train([lone], settings(out=tmp_path / "wrong"), Quiet())


def command_line(settings: TrainSettings, *more: str) -> list[str]:
    """Return the command that trains by these settings."""
    told = settings.model_dump(mode="json", exclude_unset=True)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]
    return [sys.executable, "-m", "rolecs", "train", *flags, *more]


def test_a_killed_training_goes_on_to_the_same_weights(rows_file: Path, settings: MakeSettings, tmp_path: Path) -> None:
    killed = settings(epochs=10, checkpoint_s=0, out=tmp_path / "killed")
    with subprocess.Popen(
        command_line(killed, str(rows_file)),
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        state = killed.out / checkpoint.FOLDER / "state.json"
        while process.poll() is None and not (state.exists() and '"step":2' in state.read_text()):
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL, process.stderr and process.stderr.read()
    second = Quiet()
    assert train.train([rows_file], killed, second, resume=True)
    whole = settings(epochs=10)
    train.train([rows_file], whole, Quiet())
    assert 1 < second.steps[0] < second.steps[-1] == 60
    mine, other = load_file(whole.out / WEIGHTS), load_file(killed.out / WEIGHTS)
    assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_processes_on_a_cpu_share_each_step_and_write_one_adapter(
    rows_file: Path, settings: MakeSettings, tmp_path: Path
) -> None:
    shared = settings(epochs=2, out=tmp_path / "shared")
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    command = [*launcher, *command_line(shared, str(rows_file))[1:]]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Adapter: ") == 1
    alone = settings(epochs=2)
    train.train([rows_file], alone, Quiet())
    mine, other = load_file(shared.out / WEIGHTS), load_file(alone.out / WEIGHTS)
    assert mine.keys() == other.keys() and mine
    for name, weight in mine.items():
        torch.testing.assert_close(weight, other[name], rtol=0.02, atol=0.002)
