"""Private data: what is hidden from the store and the model, and whose words it is taken from."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.language import Language
from graphs.serve.protection.privacy import Veil, tame
from tests.support.loopback import Loopback
from tests.support.service import client_of, open_session, service_on


async def test_private_data_is_stored_nowhere_and_shown_to_who_told_it(tmp_path: Path) -> None:
    secret, number = "Dana Whitfield", "4929 1234 5678 9011"
    loopback = Loopback(say=lambda body: None if "structured_outputs" in body else "Thank you, [UserName].")
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        said = await client.post(
            f"{path}/turns", json={"text": f"My name is {secret}, my card is {number}."}, headers=token
        )
        assert secret in said.json()["turn"]["text"]
        assert any(number in str(request) for request in loopback.requests), "the model is to see it by default"
        await client.post(f"{path}/feedback", json={"stars": 1, "comment": f"{secret} here."}, headers=token)
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        turns = (await client.get(path, headers=token)).json()["turns"]
        assert turns[2]["text"] == "Thank you.", "nobody knows the name after a restart, and no placeholder is shown"
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert secret.encode() not in content, file
        assert number.encode() not in content, file


async def test_private_data_is_kept_from_the_model_on_request(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path, scrub_model=True) as service, client_of(service) as client:
        path, token = await open_session(client)
        await client.post(f"{path}/turns", json={"text": "My name is Dana Whitfield."}, headers=token)
    assert "Whitfield" not in str(loopback.requests)
    assert "My name is [UserName]." in str(loopback.requests)


@given(st.text())
def test_tame_text_is_one_line_without_marks(text: str) -> None:
    tamed = tame(text)
    assert "\n" not in tamed
    assert not set("<>") & set(tamed)
    assert tame(tamed) == tamed
    tamed.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Thank you, [UserName].", "Thank you, Dana Whitfield."),
        ("I sent it to [Email].", "I sent it to your e-mail address."),
        ("The card [CardNumber] works.", "The card your card number works."),
        ("[BankName] is open.", "bank name is open."),
    ],
)
def test_placeholders_become_words(text: str, shown: str) -> None:
    veil = Veil()
    assert veil.hide("My name is Dana Whitfield.") == "My name is [UserName]."
    assert veil.show(text, Language.EN) == shown


def test_what_was_told_once_is_hidden_wherever_it_is_said() -> None:
    veil = Veil()
    assert veil.hide("Whitfield", "May I have your last name, please?") == "[UserName]"
    assert "Whitfield" not in veil.hide("Well, Whitfield is what they call me.")
    assert Veil().show("Thank you, [UserName].", Language.EN) == "Thank you."
    assert Veil().show("This is [AgentName].", Language.EN) == "This is your support assistant."


async def test_a_name_that_only_the_supporter_said_is_not_the_customers(tmp_path: Path) -> None:
    words: list[str] = []

    def say(body: dict[str, Any]) -> str | None:
        return None if "structured_outputs" in body else words.pop(0)

    answers = []
    async with service_on(Loopback(say=say), tmp_path) as service, client_of(service) as client:
        words[:] = ["Hello, what can I do for you today, please?"]
        path, token = await open_session(client)
        for text, *said in (
            (
                "I am Dana Whitfield and my shoe came apart.",
                "Thank you, Ann Miller, when did you buy these shoes?",
                "Thanks for that, when did you buy these shoes from us?",
            ),
            ("In May.", "Thank you, [UserName], I have noted that down for the repair."),
            ("Okay.", *["All is arranged then, Ann Miller, and the new pair leaves today."] * 3),
        ):
            words[:] = said
            answer = await client.post(f"{path}/turns", json={"text": text}, headers=token)
            answers.append(answer.json()["turn"]["text"])
        (card,) = service.store.cards()
    assert "Dana Whitfield" in answers[1], "the placeholder is what the customer told"
    assert "Ann Miller" not in str(answers), "a name that was never told passes no check"
    assert "Ann Miller" not in str(card), "nor is it stored"


async def test_in_a_chat_too_the_agents_name_is_not_the_customers(tmp_path: Path) -> None:
    def say(body: dict[str, Any]) -> str | None:
        return None if "structured_outputs" in body else "Thank you, [UserName]. What does the screen show?"

    chat = [
        {"role": "assistant", "content": "Good morning, my name is Anna from Acme. How can I help you?"},
        {"role": "user", "content": "The app does not start."},
    ]
    async with service_on(Loopback(say=say), tmp_path) as service, client_of(service) as client:
        answer = await client.post("/v1/chat/completions", json={"messages": chat})
    assert "Anna" not in answer.json()["choices"][0]["message"]["content"]
