"""`rolecs probe` from outside: tables, files, thresholds, and agents side by side."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from aiohttp import web

from tests.support.live_agent import LiveAgent, serve_agent
from tests.support.loopback import Loopback, serve
from tests.test_cli import rolecs


def worse(body: dict[str, Any]) -> web.Response | None:
    return web.Response(status=500, text="<b>boom</b>") if len(body["messages"]) > 3 else None


async def test_a_probe_from_outside(tmp_path: Path) -> None:
    async with serve(Loopback()) as server, serve_agent(LiveAgent()) as good, serve_agent(LiveAgent(worse)) as bad:
        flags = ("-n", 4, "--hard", "50%", "--no-rules", "--gate-trial", "skip", "--base-url", server.base_url)
        agents = ("--agent", bad.base_url, "--versus", good.base_url)
        ends = ("--junit", "probe.xml", "--min-pass", "80%", "--min-pass", "answered=0%")
        code, out, err = await rolecs("probe", *agents, *flags, *ends, cwd=tmp_path)
        assert code == 1, err
        assert "Below the threshold: pass: 0.0% (0 of 4) is below 80%" in err and "answered:" not in err
        for part in ("answered to the end", "agent:http-status", "HTTP 500: <b>boom</b>", "paired by customer"):
            assert part in out
    (suite,) = ElementTree.parse(tmp_path / "probe.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("6", "1"), "thresholds decide, where there are some"
    (other,) = (tmp_path / "rolecs-probe" / "versus").iterdir()
    figures = json.loads((tmp_path / "rolecs-probe" / "probe.json").read_text(encoding="utf-8"))
    assert figures["failures"] == {"http-status": 4} and figures["versus"][0]["same_plan"] == 4
    assert (tmp_path / "rolecs-probe" / "report.html").exists()
    (tmp_path / "bot.toml").write_text("command = ['true']", encoding="utf-8")
    code, out, err = await rolecs("probe", "--agent", "bot.toml", "--versus", "v2", *flags, cwd=tmp_path)
    assert code == 2 and "--versus v2: bot.toml is asked for no model" in err
    code, out, err = await rolecs("probe-report", other, "rolecs-probe", "--min-pass", "goal=0", cwd=tmp_path)
    assert code == 0 and "4 pairs of calls, 4 of them about the very same" in out, err
    code, out, err = await rolecs("probe-report", other, "--min-pass", "niceness=1", cwd=tmp_path)
    assert code == 2 and "no rate 'niceness'; the rates are pass, answered, goal, " in err
    code, out, err = await rolecs("status", "rolecs-probe", cwd=tmp_path)
    assert code == 0 and "agent:http-status" in out, err
