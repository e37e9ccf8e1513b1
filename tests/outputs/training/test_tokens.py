"""Rows as tokens: the prompt as a server's template lays it out, the answer to the end of its turn."""

from typing import Any

import pytest

from agents.errors import UsageError
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


def test_a_template_without_system_messages_gets_the_text_in_the_users() -> None:
    tokenizer = make_tokenizer()
    refusal = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    tokenizer.chat_template = refusal + CHATML
    first, second = Encoder(tokenizer).encode([row(), row(answer="Good day.")])
    prompt = tokenizer.decode(first.tokens[: first.answer].tolist())
    assert prompt.startswith("<|im_start|>user\nBe kind.\n\nHello.<|im_end|>")
    assert prompt == tokenizer.decode(second.tokens[: second.answer].tolist())
    tokenizer.chat_template = "{{ raise_exception('nothing at all') }}"
    with pytest.raises(UsageError, match="its chat template refuses a row: nothing at all"):
        list(Encoder(tokenizer).encode([row()]))


def test_options_share_the_prompt() -> None:
    tokenizer = make_tokenizer()
    options = Encoder(tokenizer).encode_options(row(answer="GT", options=("GT", "IV")))
    assert len({option.tokens[: option.answer].tobytes() for option in options}) == 1
    assert [tokenizer.decode(option.tokens[option.answer :].tolist()) for option in options] == [
        "GT<|im_end|>",
        "IV<|im_end|>",
    ]


def test_what_rows_share_is_tokenised_once_and_as_in_the_whole() -> None:
    tokenizer = make_tokenizer()
    calls: list[list[str]] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(tokenizer, name)

        def __call__(self, texts: list[str], **how: Any) -> Any:
            calls.append(texts)
            return tokenizer(texts, **how)

    again = row(messages=(*row().messages, ChatMessage(role="user", content="A <|im_end|> inside.")), id="s")
    encoder = Encoder(Counting())
    encoded = [*encoder.encode([row()]), *encoder.encode([again])]
    asked = [text for texts in calls for text in texts if "<|im_start|>" not in text]
    assert len(asked) == len(set(asked)) and sum("Be kind." in text for text in asked) == 1
    for one, told in zip(encoded, (row(), again), strict=True):
        text = tokenizer.apply_chat_template(
            [message.model_dump() for message in told.messages], tokenize=False, add_generation_prompt=True
        )
        assert one.tokens[: one.answer].tolist() == tokenizer(text)["input_ids"]


def test_a_tokenizer_that_marks_the_beginning_of_a_text_gets_whole_texts() -> None:
    from tokenizers import pre_tokenizers

    tokenizer = make_tokenizer()
    marked = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.backend_tokenizer.pre_tokenizer = marked
    (encoded,) = Encoder(tokenizer).encode([row()])
    text = tokenizer.apply_chat_template(
        [message.model_dump() for message in row().messages], tokenize=False, add_generation_prompt=True
    )
    assert encoded.tokens[: encoded.answer].tolist() == tokenizer(text)["input_ids"]
