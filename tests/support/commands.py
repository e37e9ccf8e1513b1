"""The command line in processes that are forked off one that has made its imports: a start takes none.

Each command is a process of its own, with its folder, environment, streams and exit code, and ends as Python does. A
test of the start itself, of signals or of streams starts a Python of its own.

Forking is safe only from a process with one thread, and is done only there: otherwise, and where there is no Linux,
each command is a Python of its own too.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1 << 17
"""Of what a command is told: words, folder, environment."""
READY = b"ready"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""What keeps NumPy and PyArrow from starting threads when they are imported."""


class Done(NamedTuple):
    """A command that has ended: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


class Commands:
    """Runs commands one after the other; the process that they are forked off starts with the first of them."""

    def __init__(self, **env: str) -> None:
        """Prepare for commands.

        Args:
            env: variables that are read at an import, such as consoles' widths: no command can change them.
        """
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def close(self) -> None:
        """End the process that commands are forked off, and a command that still runs."""
        if self._requests:
            self._requests.close()
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._requests = self._process = None

    async def run(self, words: Sequence[object], cwd: Path, env: Mapping[str, str]) -> Done:
        """Run `rolecs` with these words and these variables beside the test's, with nothing on its standard input."""
        if not self._process and sys.platform == "linux":
            await self._start()
        env = os.environ | env | self._env
        if not self._requests:
            return await run_anew(words, cwd, env)
        told = json.dumps([list(map(str, words)), str(cwd), env]).encode()
        assert len(told) <= MOST_BYTES
        streams = [os.memfd_create(name) for name in ("out", "err")]
        try:
            socket.send_fds(self._requests, [told], streams)
            code = int(await self._answer())
            return Done(code, *(_read(stream).decode() for stream in streams))
        finally:
            for stream in streams:
                os.close(stream)

    async def _start(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.setblocking(False)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.commands", str(number)],
                cwd=ROOT,
                env=os.environ | self._env | ONE_THREAD,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,
            )
        if await self._answer() != READY:
            self._requests.close()
            self._requests = None

    async def _answer(self) -> bytes:
        """Wait for an answer, while a server of this process can answer the command."""
        assert self._requests
        try:
            return await asyncio.get_running_loop().sock_recv(self._requests, MOST_BYTES)
        except BaseException:
            # Nobody waits for that command any longer: the next one gets a process that is not busy with it.
            self.close()
            raise


async def run_anew(words: Sequence[object], cwd: Path, env: Mapping[str, str]) -> Done:
    """Run `rolecs` with these words and variables in a Python of its own, with nothing on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolecs", *map(str, words)),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


def _read(stream: int) -> bytes:
    return os.pread(stream, os.fstat(stream).st_size, 0)


def _serve(requests: socket.socket) -> bool:
    """Fork a process off for each request; true in such a one, false in the end."""
    if len(os.listdir("/proc/self/task")) > 1:
        return False
    # Without this a forked process touches, and so copies, all that there is when it ends: that takes seconds.
    gc.collect()
    gc.freeze()
    requests.send(READY)
    while True:
        told, streams, *_ = socket.recv_fds(requests, MOST_BYTES, 2)
        if not told:
            return False
        child = os.fork()
        if not child:
            requests.close()
            _become(*json.loads(told), streams)
            return True
        for stream in streams:
            os.close(stream)
        requests.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _become(words: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> None:
    """Make this process what `python -m rolecs` would be."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["rolecs.py", *words]
    sys.modules["__main__"] = sys.modules["rolecs"]


if __name__ == "__main__":
    # What the commands import late: they find it here. Ray and what trains are left out: they bring threads.
    import sentence_transformers  # noqa: F401

    import graphs.jobs.calibrate
    import graphs.jobs.distill
    import graphs.jobs.generate
    import graphs.jobs.label
    import graphs.jobs.rewrite  # noqa: F401
    import outputs.datasets.export
    import outputs.reports.run_report  # noqa: F401
    import rolecs

    if _serve(socket.socket(fileno=int(sys.argv[1]))):
        rolecs.main()
