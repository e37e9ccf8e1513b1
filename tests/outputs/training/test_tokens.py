"""Rows as tokens: the prompt as a server's template lays it out, the answer to the end of its turn."""

from typing import Any

import pytest

from outputs.datasets.roles import ChatMessage, RoleRow
from outputs.training.tokens import Encoder
from tests.support.tiny_model import CHATML, make_tokenizer

THINKING = CHATML.replace(
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
"""As Qwen3's: a new answer begins with an empty thought, an old one does not."""


def row(**changes: Any) -> RoleRow:
    messages = (ChatMessage(role="system", content="Be kind."), ChatMessage(role="user", content="Hello."))
    fields = {"id": "r", "role": "supporter", "dialogue": "d", "messages": messages, "answer": "Good morning."}
    return RoleRow.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("template", "begin"), [(CHATML, ""), (THINKING, "<think>\n\n</think>\n\n")], ids=["plain", "thinking"]
)
def test_the_answer_follows_the_prompt_and_ends_its_turn(template: str, begin: str) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    (encoded,) = Encoder(tokenizer).encode([row()])
    prompt, answer = (
        tokenizer.decode(part.tolist()) for part in (encoded.tokens[: encoded.answer], encoded.tokens[encoded.answer :])
    )
    assert prompt.endswith(f"<|im_start|>user\nHello.<|im_end|>\n<|im_start|>assistant\n{begin}")
    assert answer == "Good morning.<|im_end|>"


def test_options_share_the_prompt() -> None:
    tokenizer = make_tokenizer()
    options = Encoder(tokenizer).encode_options(row(answer="GT", options=("GT", "IV")))
    assert len({option.tokens[: option.answer].tobytes() for option in options}) == 1
    assert [tokenizer.decode(option.tokens[option.answer :].tolist()) for option in options] == [
        "GT<|im_end|>",
        "IV<|im_end|>",
    ]
