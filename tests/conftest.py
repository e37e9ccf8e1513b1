"""What all tests share: calls to work on, and no way to a network beyond this machine."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from agents.csc.dialogue import Plan, Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import Failure
from outputs.runs.record import Record
from personas.pool import load_pool
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Labelling, PointVerdict, Verdict

# A busy machine makes nothing wrong: no example has to be fast.
hypothesis.settings.register_profile("rolecs", deadline=None)
hypothesis.settings.load_profile("rolecs")

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever talks to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's keys out of tests."""
    for name in ("ROLECS_API_KEY", "ROLECS_JUDGE_API_KEY", "ROLECS_AGENT_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a data folder of its own: trials and calibrations of other tests would change what it sees."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    return home / "rolecs"


EN_CALL = (
    ("GT", "Good morning, thank you for calling. How can I help?"),
    (None, "My card was declined twice on Friday and I need it today."),
    ("IV", "I will look into it. May I have your full name as it stands on the card?"),
    (None, "It is [UserName]."),
    ("EM", "Thank you. Being turned away at the till is unpleasant, I am sorry that it happened."),
    (None, "It was embarrassing, honestly."),
    ("PR", "Did the terminal show a message, or did it only say declined?"),
    (None, "Only declined."),
    ("ID", "I see a block that our fraud check set on Friday because of a payment abroad."),
    (None, "That was me, I bought a train ticket."),
    ("RI", "Then I lift the block now; the card works again in about ten minutes."),
    (None, "Good, that is all I wanted."),
    ("AC", "Thank you for your patience, [UserName]. Goodbye and have a good day."),
)
ZH_CALL = (
    ("GT", "您好，很高兴为您服务，请问有什么可以帮您？"),
    (None, "我昨天转的五千块到现在还没到账，孩子等着交学费呢。"),
    ("IV", "好的，麻烦您报一下开户时登记的姓名，我核对一下。"),
    (None, "我叫[UserName]。"),
    ("EM", "学费的事确实着急，您的心情我特别理解。"),
    (None, "可不是嘛，老师都催两回了。"),
    ("PR", "这笔钱是转到本行的卡，还是别的银行？"),
    (None, "别的银行，[BankName]的。"),
    ("ID", "我看到昨晚系统维护，跨行的转账都顺延了，预计一小时内入账。"),
    (None, "那我就再等等吧。"),
    ("RI", "我已经给这笔转账做了加急登记，到账会有短信通知您。"),
    (None, "行，那没别的事了。"),
    ("AC", "感谢您的耐心等待，祝您生活愉快，再见。"),
)


def make_turns(call: tuple[tuple[str | None, str], ...]) -> tuple[Turn, ...]:
    """Turn rows of (strategy, text) into turns."""
    return tuple(
        Turn(speaker=Speaker.SUPPORTER, text=text, strategy=Strategy(code))
        if code
        else Turn(speaker=Speaker.CUSTOMER, text=text, direction="Say what is still open.")
        for code, text in call
    )


@pytest.fixture
def en_turns() -> tuple[Turn, ...]:
    """A sound English call."""
    return make_turns(EN_CALL)


@pytest.fixture
def zh_turns() -> tuple[Turn, ...]:
    """A sound Chinese call."""
    return make_turns(ZH_CALL)


FAILURE = Failure(kind="RequestError", message="HTTP 500", traceback="Traceback\nRequestError: HTTP 500\n")
"""Why a dialogue failed."""


def flawless() -> Verdict:
    """A verdict with five ones, and labels that a labeller found true."""
    point = PointVerdict(reason="Turns 1 and 3 show it.", turns=(1, 3), verdict=1, votes=(1,))
    labels = {number: turn.strategy for number, turn in enumerate(make_turns(EN_CALL), start=1) if turn.strategy}
    return Verdict(
        points=dict.fromkeys(POINT_CODES, point), labelling=Labelling(labels=labels, agreement=1.0, required=0.5)
    )


@pytest.fixture
def make_record(en_turns: tuple[Turn, ...]) -> Callable[..., Record]:
    """Make a kept record; any field can be given."""
    from agents.csc.language import Language

    persona = load_pool(None, Language.EN)[0]

    def make(**fields: Any) -> Record:
        defaults: dict[str, Any] = {
            "id": "0123456789abcdef",
            "language": "en",
            "topic": "account-transaction",
            "persona": persona,
            "seed": 11,
            "model": "loopback",
            "judge_model": "loopback",
            "plan": Plan(scenario="A card was declined twice on Friday.", customer_goal="To use the card today."),
            "turns": en_turns,
            "verdict": flawless(),
            "usage": {"planner": {"requests": 1, "prompt_tokens": 300, "completion_tokens": 60}},
        }
        return Record.model_validate(defaults | fields)

    return make
