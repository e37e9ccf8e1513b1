"""Probes against the loopback server, as the tests run them."""

import json
from pathlib import Path
from typing import Any

from graphs.config.probe import ProbeSettings
from graphs.jobs.probe import Probed, probe
from outputs.probing.files import read_probe
from outputs.runs.probe import Probe
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback

SECRET = "To leave the zanzibar plan quietly."


def tell_goal(body: dict[str, Any]) -> str | None:
    """Answer as planner with a goal that is known when it is seen again."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    if "customer_goal" in schema.get("properties", {}):
        return json.dumps({"scenario": "The card was declined twice on Friday.", "customer_goal": SECRET})
    return None


async def call_all(server: Loopback, agent: str, run: Path, *, resume: bool = False, **fields: Any) -> Probed:
    known = {"base_url": [server.base_url], "agent": agent, "run": run, "gate_trial": "skip", "rules": False}
    settings = ProbeSettings.model_validate(known | fields)
    return await run_job(probe, settings, resume=resume)


def calls_of(run: Path) -> list[Probe]:
    return read_probe(run).calls
