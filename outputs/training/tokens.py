"""Rows as tokens: the request as the server's chat template lays it out, and the answer to the end of its turn."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jinja2 import TemplateError

from agents.errors import UsageError
from agents.llm.dialect import without_system
from agents.llm.request import Message
from outputs.datasets.roles import RoleRow
from outputs.training.packing import TokenRow

BATCH = 256
"""Rows that go to the tokenizer together; it works on them in parallel."""
_TRIED = 8
"""Texts on which it is tried whether a tokenizer takes what stands between special tokens by itself."""


class Encoder:
    """Encodes rows as the engine sees and makes them: the answer is tokenised apart, as it follows a given prompt.

    The end of a turn is what the chat template writes behind an answer, up to white space: the model learns to stop.
    The requests of a dialogue share most of their messages. A message between two special tokens, which part a text
    before anything else does, is tokenised once; where a tokenizer looks beyond them (some mark the beginning of a
    text), each text is tokenised whole. Where a template takes no system message, its text stands in the user's, as
    players are asked then.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        special = sorted((token.content for token in tokenizer.added_tokens_decoder.values()), key=len, reverse=True)
        self._special = re.compile(f"({'|'.join(map(re.escape, special))})") if special else None
        self._known: dict[str, list[int]] = {}
        self._parts_texts: bool | None = None
        self._takes_system = True

    def encode(self, rows: Sequence[RoleRow]) -> Iterator[TokenRow]:
        """Yield each row as tokens."""
        for start in range(0, len(rows), BATCH):
            texts = [self._texts(row) for row in rows[start : start + BATCH]]
            prompts = self._ids([prompt for prompt, _ in texts])
            answers = self._ids([answer for _, answer in texts])
            for prompt, answer in zip(prompts, answers, strict=True):
                yield TokenRow(np.array(prompt + answer, np.int32), len(prompt))

    def encode_options(self, row: RoleRow) -> list[TokenRow]:
        """Return the row with each of its options as its answer."""
        return list(self.encode([row.model_copy(update={"answer": option}) for option in row.options]))

    def _texts(self, row: RoleRow) -> tuple[str, str]:
        """Return the text of the prompt, and that of the answer with the end of its turn."""
        messages: list[Message] = [{"role": message.role, "content": message.content} for message in row.messages]
        prompt = self._render(messages, add_generation_prompt=True)
        whole = self._render([*messages, {"role": "assistant", "content": row.answer}], add_generation_prompt=False)
        answer = whole.removeprefix(prompt).rstrip()
        if not whole.startswith(prompt) or not answer.startswith(row.answer.strip()):
            # The template writes something else in front of old answers than of new ones (an empty thought, say).
            answer = row.answer + self._tokenizer.eos_token
        return prompt, answer

    def _render(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        if not self._takes_system:
            messages = without_system(messages)
        try:
            # As the requests ask for it: see agents/llm/chat.py.
            text = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=add_generation_prompt, enable_thinking=False
            )
        except TemplateError as error:
            if not self._takes_system:
                raise UsageError(f"--base: its chat template refuses a row: {error}") from None
            self._takes_system = False
            return self._render(messages, add_generation_prompt=add_generation_prompt)
        return str(text)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if self._parts_texts is None:
            tried = texts[:_TRIED]
            self._parts_texts = self._special is not None and self._ids_by_part(tried) == self._ids_of(tried)
        return self._ids_by_part(texts) if self._parts_texts else self._ids_of(texts)

    def _ids_by_part(self, texts: list[str]) -> list[list[int]]:
        assert self._special
        parts = [[part for part in self._special.split(text) if part] for text in texts]
        new = list({part for text in parts for part in text}.difference(self._known))
        if new:
            self._known.update(zip(new, self._ids_of(new), strict=True))
        return [[id_ for part in text for id_ in self._known[part]] for text in parts]

    def _ids_of(self, texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(texts, add_special_tokens=False)["input_ids"]
        return ids
