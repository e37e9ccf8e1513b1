"""Answers as servers send them: whatever is an answer is read, and what is none is told for what it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import UnreadableAnswerError
from agents.llm.completion import Completion, read_completion
from agents.llm.failures import NoCompletionError
from agents.llm.usage import Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def answer(content: Any = "Yes.", reason: Any = "stop", **more: Any) -> bytes:
    body = {"choices": [{"message": {"content": content}, "finish_reason": reason}], **more}
    return json.dumps(body).encode()


def read(content: bytes, max_tokens: int = 50) -> str:
    return read_completion(content).read(max_tokens, whole=True)


@given(JSON)
def test_no_usage_makes_an_answer_unreadable(usage: Any) -> None:
    completion = read_completion(answer(usage=usage))
    assert completion.text == "Yes." and completion.usage.requests == 1
    assert min(completion.usage.prompt_tokens, completion.usage.cached_tokens, completion.usage.completion_tokens) >= 0


@given(JSON, JSON)
def test_whatever_is_said_is_read_or_unreadable(content: Any, reason: Any) -> None:
    try:
        text = read(answer(content, reason))
    except UnreadableAnswerError as error:
        assert str(error)
    else:
        assert text.strip() and text.encode()


@given(st.binary(max_size=50) | JSON.map(lambda body: json.dumps(body).encode()))
def test_what_is_no_completion_is_told_in_one_line(content: bytes) -> None:
    with pytest.raises((NoCompletionError, UnreadableAnswerError)) as caught:
        read(content)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (
            {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(1, 7, 4, 3),
        ),
        ({"prompt_tokens": 6.6, "completion_tokens": None, "prompt_tokens_details": None}, Usage(1, 7, 0, 0)),
        ({"prompt_tokens": "7", "completion_tokens": -1, "prompt_tokens_details": []}, Usage(1, 0, 0, 0)),
        (None, Usage(1)),
    ],
)
def test_counts_are_read(usage: Any, counted: Usage) -> None:
    assert read_completion(answer(usage=usage)).usage == counted


@pytest.mark.parametrize("reason", ["stop", "eos_token", "end", "END_TURN", "STOP", "stop_sequence", None, ""])
def test_ends_have_many_names(reason: str | None) -> None:
    assert read(answer(reason=reason)) == "Yes."


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
def test_so_has_being_cut_off(reason: str) -> None:
    with pytest.raises(UnreadableAnswerError, match="cut off after 50 tokens"):
        read(answer(reason=reason))
    assert read_completion(answer(reason=reason)).read(50, whole=False) == "Yes."


def test_an_answer_without_a_reason_that_fills_its_room_was_cut_off() -> None:
    full = answer(reason=None, usage={"completion_tokens": 50})
    with pytest.raises(UnreadableAnswerError, match="cut off after 50 tokens"):
        read(full)
    assert read(full, max_tokens=51) == "Yes."


def test_contents_in_parts_are_put_together_without_thoughts() -> None:
    parts = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Ye"}, "s", {"type": "image_url"}, "."]
    assert read(answer(parts)) == "Yes."


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": {"value": "Yes.", "annotations": []}}],
        {"type": "text", "text": "Yes."},
        [{"type": "reasoning", "text": "Hm."}, {"type": "output_text", "text": "Yes."}],
    ],
)
def test_parts_have_several_forms(content: Any) -> None:
    assert read(answer(content)) == "Yes."


def test_a_byte_order_mark_is_no_part_of_an_answer() -> None:
    assert read(b"\xef\xbb\xbf" + answer()) == "Yes."


def events(*pieces: Any) -> bytes:
    return (
        "".join(f"data: {json.dumps(piece, ensure_ascii=False)}\n\r\n" for piece in pieces).encode()
        + b"data: [DONE]\n\n"
    )


def piece(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"delta": delta, "finish_reason": reason}]}


def test_a_stream_that_nobody_asked_for_is_put_together() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    pieces = [
        piece(role="assistant", content=""),
        piece(content="Ye"),
        piece(reasoning_content="Hm."),
        piece(content="s.\u2028\x85"),
    ]
    completion = read_completion(b": waiting\n\n" + events(*pieces, piece("stop"), usage))
    assert completion.read(50, whole=True).split() == ["Yes."] and completion.usage == Usage(1, 7, 0, 3)
    with pytest.raises(NoCompletionError, match="no JSON but 'data: "):
        read_completion(events(*pieces))
    with pytest.raises(NoCompletionError, match="but 'overloaded'"):
        read_completion(events({"error": {"message": "overloaded"}}))


def test_half_a_character_becomes_a_replacement_character() -> None:
    assert read(rb'{"choices": [{"message": {"content": "So \ud83d."}, "finish_reason": "stop"}]}') == "So �."


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>Welcome</html>", "no JSON but '<html>Welcome</html>'"),
        (b"", "no JSON but nothing"),
        (b'{"error": {"message": "Provider returned error", "code": 502}}', "but 'Provider returned error'"),
        (b'{"detail": "loading"}', "but 'loading'"),
        (b"[1]", r"but '\[1\]'"),
    ],
)
def test_a_body_without_choices_is_lost_on_the_way(content: bytes, told: str) -> None:
    with pytest.raises(NoCompletionError, match=told):
        read_completion(content)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"choices": []}, "choices: List should have at least 1 item"),
        ({"choices": [{"text": "Yes."}]}, "choices.0.message: Field required"),
        ({"choices": [{"message": {"content": None, "refusal": "No."}}]}, "the model refused: 'No.'"),
        ({"choices": [{"message": {"content": {"a": 1}}}]}, "content is dict, not text"),
        ({"choices": [{"message": {"content": "", "refusal": "No."}}]}, "the model refused: 'No.'"),
        (
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": "c"}]}, "finish_reason": "tool_calls"}]},
            "the answer is a call of a tool, not text",
        ),
        (
            {"choices": [{"message": {"content": None, "reasoning_content": "Yes."}, "finish_reason": "stop"}]},
            r"thoughts alone, no words \('Yes.'\)",
        ),
        ({"choices": None}, "choices: Input should be a valid list"),
    ],
)
def test_a_malformed_answer_says_what_is_wrong_and_is_paid_for(body: Any, told: str) -> None:
    completion = read_completion(json.dumps(body | {"usage": {"prompt_tokens": 9}}).encode())
    assert completion.usage == Usage(1, 9)
    with pytest.raises(UnreadableAnswerError, match=told):
        completion.read(50, whole=True)


def test_thoughts_that_fill_the_room_are_named() -> None:
    with pytest.raises(UnreadableAnswerError, match="all of them thoughts: --thinking-tokens gives room for more"):
        Completion("", "length", Usage(1, 5, 0, 50)).read(50, whole=False)
