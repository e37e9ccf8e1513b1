"""How a server wants its requests: many servers speak the OpenAI protocol, and hardly two of them the same of it.

`agents/llm/preflight.py` finds the dialect of a server out; what is told of it here is all that requests depend on.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict

from agents.llm.request import Message

Length = Literal["max_tokens", "max_completion_tokens"]
Omitted = Literal["seed", "temperature", "top_p", "stop", "chat_template_kwargs", "system"]
Choice = Literal["structured_outputs", "guided_choice", "schema"]
Schemas = Literal["full", "plain", "guided_json", "json", "text"]

LOOSE_TOKENS = 64
"""Room for white space and a fence around JSON, in tokens, where nothing constrains the decoding."""

_FIELDS: Mapping[str, tuple[str, ...]] = {"stop": ("stop", "include_stop_str_in_output"), "system": ()}
"""The fields that go with what is left out, where these are not just the one of its name."""
_BOUNDS = frozenset(
    {"minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "title", "default", "$defs"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
"""Keywords of JSON schemas that servers refuse, and that an answer is checked for here anyway."""
_TOLD = (
    "\n\nAnswer with one JSON object and nothing else; its texts are in the language of the above. Its JSON schema:\n"
)
_FENCE = re.compile(r"```(?:json)?(.*)```", re.DOTALL | re.IGNORECASE)


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Dialect(BaseModel):
    """How requests to one server are worded. The defaults suit OpenAI's own protocol as most servers have it.

    Attributes:
        vllm: the server knows vLLM's own fields: `chat_template_kwargs`, which turns thinking off, and stop texts that
            stay in the answer.
        length: the field that bounds an answer.
        omits: what is left out of requests; the text of a system message goes into the first user message then.
        choice: how one of several options is asked for: by vLLM's `structured_outputs`, by the `guided_choice` of its
            older versions, or by a schema.
        schemas: how structured answers are asked for: by `response_format` with the full JSON schema or a plain one,
            without bounds and references; by the `guided_json` of older versions of vLLM; or by the schema at the end
            of the prompt, with JSON mode ("json") or with nothing but that ("text").
        thinking_off: `enable_thinking: false` goes with each request. Alibaba's servers refuse whole answers of some
            models without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vllm: bool = False
    length: Length = "max_tokens"
    omits: Annotated[tuple[Omitted, ...], BeforeValidator(_split)] = ()
    choice: Choice = "schema"
    schemas: Schemas = "full"
    thinking_off: bool = False

    def adapt(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request in this dialect, given one with the protocol's usual fields; it may be the same one."""
        if self.length == "max_tokens" and not self.omits and not self.thinking_off:
            return request
        left_out = {field for part in self.omits for field in _FIELDS.get(part, (part,))}
        adapted = {field: value for field, value in request.items() if field not in left_out}
        adapted[self.length] = adapted.pop("max_tokens")
        if "system" in self.omits:
            adapted["messages"] = without_system(request["messages"])
        if self.thinking_off:
            adapted["enable_thinking"] = False
        return adapted

    def describe(self) -> list[str]:
        """Say what is worked around, a phrase for each thing; nothing where requests are worded as usual."""
        told = [] if self.length == "max_tokens" else [f"answers are bounded by {self.length}"]
        told += [_OMITTED[part] for part in self.omits]
        told += ["thinking is turned off by enable_thinking"] if self.thinking_off else []
        if self.vllm and self.choice != "structured_outputs":
            told.append(f"choices are made by {'a schema' if self.choice == 'schema' else self.choice}")
        return told + ([] if self.schemas == "full" else [_SCHEMAS[self.schemas]])


_OMITTED: Mapping[Omitted, str] = {
    "seed": "no seeds, so that the same run may come out otherwise",
    "temperature": "no temperature, the server's own holds for players and judge",
    "top_p": "no top_p",
    "stop": "no stop texts",
    "chat_template_kwargs": "thinking is not turned off",
    "system": "no system message, its text goes to the user's",
}
_SCHEMAS: Mapping[Schemas, str] = {
    "plain": "JSON schemas without bounds, which are checked here",
    "guided_json": "JSON schemas by guided_json",
    "json": "JSON mode alone, with the schema in the prompt",
    "text": "no structured answers, the schema is in the prompt",
}

VLLM = Dialect(vllm=True, choice="structured_outputs")
"""What vLLM speaks, the one that rolecs starts included."""


def begin_dialect(*, is_vllm: bool, held: Dialect) -> Dialect:
    """Return the dialect that a server is taken to speak at first, with what the user has `held` fixed in it."""
    known = VLLM if (held.vllm if "vllm" in held.model_fields_set else is_vllm) else Dialect()
    return known.model_copy(update={name: getattr(held, name) for name in held.model_fields_set})


def without_system(messages: Sequence[Message]) -> list[Message]:
    """Return a request for models that take no system message: its text stands in front of the first other one's."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return [*messages]
    first, second, *others = messages
    return [{"role": second["role"], "content": f"{first['content']}\n\n{second['content']}"}, *others]


class Demand(NamedTuple):
    """How an answer of some type is asked for: the request's fields, what the prompt says, the tokens that it takes."""

    form: dict[str, Any]
    told: str = ""
    room: int = 0


@lru_cache(maxsize=256)
def demand(answer_type: type[BaseModel], schemas: Schemas) -> Demand:
    """Return how to ask for a type: a JSON schema without free keys, its properties in the order declared."""
    schema = answer_type.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part["additionalProperties"] = False
    if schemas == "guided_json":
        return Demand({"guided_json": schema})
    if schemas in ("json", "text"):
        form = {"response_format": {"type": "json_object"}} if schemas == "json" else {}
        return Demand(form, _TOLD + json.dumps(schema, ensure_ascii=False), LOOSE_TOKENS)
    if schemas == "plain":
        schema = _simplify(schema, schema.get("$defs", {}))
    json_schema = {"name": answer_type.__name__, "strict": True, "schema": schema}
    return Demand({"response_format": {"type": "json_schema", "json_schema": json_schema}})


def _simplify(part: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a part of a JSON schema without bounds, with what it refers to in place, and constants as lists of one."""
    if isinstance(part, list):
        return [_simplify(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _simplify(definitions[part["$ref"].rpartition("/")[2]], definitions)
    simple: dict[str, Any] = {}
    for key, value in part.items():
        if key == "properties":
            simple[key] = {name: _simplify(one, definitions) for name, one in value.items()}
        elif key == "const":
            simple["enum"] = [value]
        elif key not in _BOUNDS:
            simple[key] = _simplify(value, definitions)
    return simple


def bare_json(text: str) -> str:
    r"""Return the JSON in an answer, without thoughts in front of it and the fence around it.

    Where nothing constrains the decoding, models put these there.

    >>> bare_json('<think>Hm.</think>```json\n{"a": 1}\n```')
    '{"a": 1}'
    """
    if text.startswith("{"):
        return text
    text = text.rpartition("</think>")[2].strip()
    fence = _FENCE.fullmatch(text)
    return fence[1].strip() if fence else text
