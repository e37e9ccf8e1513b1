"""Each server gets its own key and headers: a judge elsewhere sees nothing of what the players' server is told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from agents.csc.language import Language
from graphs.backends.local import LocalBackend
from graphs.config.evaluate import EvaluateSettings
from graphs.config.loading import load_settings
from graphs.config.settings import Secrets, Settings

Seen = list[tuple[str | None, str | None]]


@asynccontextmanager
async def list_models(seen: Seen) -> AsyncIterator[str]:
    """Serve a list of models; `seen` gets the key and the header X-Own of each request."""

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Authorization"), request.headers.get("X-Own")))
        return web.json_response({"data": [{"id": "m"}]})

    application = web.Application()
    application.router.add_get("/v1/models", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("secrets", "told", "judge_sees"),
    [
        ({"api_key": "players"}, {}, (None, None)),
        ({"api_key": "players", "judge_api_key": "judges"}, {}, ("Bearer judges", None)),
        ({"api_key": "players"}, {"judge_headers": {"X-Own": "theirs"}}, (None, "theirs")),
    ],
)
async def test_a_judge_elsewhere_sees_its_own_key_and_headers_alone(
    secrets: dict[str, str], told: dict[str, Any], judge_sees: tuple[str | None, str | None]
) -> None:
    players: Seen = []
    judge: Seen = []
    async with list_models(players) as url, list_models(judge) as judge_url, AsyncExitStack() as stack:
        fields = {"base_url": (url,), "judge_base_url": judge_url, "headers": {"X-Own": "ours"}} | told
        keys = Secrets(**{name: SecretStr(key) for name, key in secrets.items()})
        await LocalBackend(Settings.model_validate(fields), keys, None, stack).connect()
    assert set(players) == {("Bearer players", "ours")} and set(judge) == {judge_sees}


def test_so_does_the_judge_of_what_models_answered() -> None:
    flags = {"headers": {"X-Own": "ours"}, "history": "generated", "judge_base_url": "http://127.0.0.1:1"}
    settings = load_settings(EvaluateSettings, None, flags)
    assert settings.judging(Path("run"), Language.EN).headers == {}
    secrets = settings.judging_secrets(Secrets(api_key=SecretStr("players"), judge_api_key=SecretStr("judges")))
    assert secrets.api_key == SecretStr("judges")
    assert settings.judging_secrets(Secrets(api_key=SecretStr("players"))).api_key is None
    at_the_same = load_settings(EvaluateSettings, None, flags | {"judge_base_url": None, "judge_model": "m"})
    assert at_the_same.judging(Path("run"), Language.EN).headers == {"X-Own": "ours"}
    assert at_the_same.judging_secrets(Secrets(api_key=SecretStr("players"))).api_key == SecretStr("players")
