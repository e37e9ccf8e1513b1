"""Flags of the command line made from settings: a command names those that it takes, their fields say the rest."""

import functools
import inspect
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import typer
from pydantic import BaseModel
from typer.core import TyperCommand

from agents.errors import UsageError
from graphs.config.loading import anchor, load_settings
from graphs.config.settings import ServerSettings
from outputs.runs.run import RunKind
from outputs.runs.store import RunStore

JobSettingsT = TypeVar("JobSettingsT", bound=ServerSettings)

_NAMES = {
    "dialogues": ("-n", "--dialogues"),
    "headers": ("--header",),
    "judge_headers": ("--judge-header",),
    "speakers": ("--speaker",),
}
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


def _split_commas(texts: list[str] | None) -> Any:
    return [part.strip() for text in texts or () for part in text.split(",")]


def _split_words(text: str | None) -> Any:
    return shlex.split(text) if text else None


def _split_pairs(texts: list[str] | None) -> Any:
    """Take NAME=VALUE apart, or NAME: VALUE."""
    pairs = {}
    for text in texts or ():
        parts = re.split("[:=]", text, maxsplit=1)
        if len(parts) < 2:
            raise typer.BadParameter("write it as NAME: VALUE, or NAME=VALUE")
        pairs[parts[0].strip()] = parts[1].strip()
    return pairs or None


def _keep(text: Any) -> Any:
    return text


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        point = text.replace(",", ".")
        hint = f" Decimals have a point: {point}" if _DECIMAL_COMMA.fullmatch(text) else ""
        raise typer.BadParameter(f"{text!r} is not a valid float.{hint}") from None


_TAKEN_APART: Mapping[str, tuple[Any, Callable[[Any], Any]]] = {
    "topics": (list[str], _split_commas),
    "roles": (list[str], _split_commas),
    "flaws": (list[str], _split_commas),
    "max_length": (str, _keep),
    **dict.fromkeys(("min_agreement", "hard"), (str, _keep)),
    "speakers": (list[str], _keep),
    "columns": (list[str], _split_commas),
    "engine_args": (str, _split_words),
    **dict.fromkeys(("headers", "judge_headers", "dialect", "judge_dialect"), (list[str], _split_pairs)),
}
"""Flags that are written otherwise than their setting: the type as it is written, and what makes the setting of it."""

_WITHOUT_VALUE = {"--ray": "local"}
"""Flags that may stand without a value, and what they mean then."""


class JobCommand(TyperCommand):
    """A command without arguments, whose flags in `_WITHOUT_VALUE` may stand alone; typer knows no such flags."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the value in that a flag lacks: it is the last word, or another flag follows."""
        told = []
        for word, following in zip(args, [*args[1:], "-"], strict=True):
            told.append(word)
            if word in _WITHOUT_VALUE and following.startswith("-"):
                told.append(_WITHOUT_VALUE[word])
        return super().parse_args(ctx, told)


def takes(kind: type[BaseModel], *fields: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for each of some settings of a kind, with the field's own description and default.

    The command itself does not get them: it reads them from typer's context, see `read_flags`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        flags = {field: _annotate(kind, field) for field in fields}

        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            command(**{name: value for name, value in arguments.items() if name in signature.parameters})

        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in signature.parameters.values()]
        given = [
            inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for field, annotation in flags.items()
        ]
        # Arguments first, as in the usage line, then the settings, then what the command alone knows.
        arguments = [parameter for parameter in own if parameter.default is inspect.Parameter.empty]
        options = [parameter for parameter in own if parameter not in arguments]
        run.__signature__ = signature.replace(parameters=[*arguments, *given, *options])  # type: ignore[attr-defined]
        run.__annotations__ = {**command.__annotations__, **flags}
        return run

    return decorate


def describe_setting(kind: type[BaseModel], field: str) -> str:
    """Return the help text of a setting: its description, and its default where that says something."""
    info = kind.model_fields[field]
    default = info.get_default(call_default_factory=True)
    shown = f" (default: {default})" if isinstance(default, str | int | float | Path) else ""
    return f"{info.description}{shown}"


def _annotate(kind: type[BaseModel], field: str) -> Any:
    names = _NAMES.get(field, (f"--{field.replace('_', '-')}",))
    if _type_of(kind, field) is bool:
        names = (f"{names[0]}/--no-{field.replace('_', '-')}",)
    written, callback = _TAKEN_APART.get(field, (_type_of(kind, field), None))
    option = typer.Option(
        *names,
        help=describe_setting(kind, field),
        show_default=False,
        callback=callback,
        parser=_parse_number if written is float else None,
        metavar="FLOAT" if written is float else None,
    )
    return Annotated[written | None, option]


def _type_of(kind: type[BaseModel], field: str) -> Any:
    """Return the type that the flag of a field has: the field's without None, and a list where that is a tuple."""
    found: Any = kind.model_fields[field].annotation
    if NoneType in get_args(found):
        (found,) = (part for part in get_args(found) if part is not NoneType)
    if get_origin(found) is Annotated:
        found = get_args(found)[0]
    return list[str] if get_origin(found) is tuple else found


def read_flags(context: typer.Context, kind: type[BaseModel]) -> dict[str, Any]:
    """Return the flags that were given and are settings of a kind, filters and such as tables of their own."""
    given = {name: value for name, value in context.params.items() if value not in (None, [], ())}
    flags = {name: given[name] for name in kind.model_fields if name in given}
    for table in ("filters", "fidelity"):
        if table in kind.model_fields:
            parts: Any = kind.model_fields[table].annotation
            if found := {name: given[name] for name in parts.model_fields if name in given}:
                flags[table] = found
    return flags


def job_settings(kind: type[JobSettingsT], run_kind: RunKind[Any, Any], context: typer.Context) -> JobSettingsT:
    """Return the settings of a job; one that is resumed takes up those that its run began with.

    Raises:
        UsageError: flags contradict each other, a setting is wrong, or there is no such run to resume.
    """
    config, flags = context.params["config"], read_flags(context, kind)
    if "dialogues" in flags:
        if "target_kept" in flags:
            raise UsageError("--dialogues says how many to play, --target-kept how many to keep: give one of them")
        flags["target_kept"] = None
    settings = load_settings(kind, config, flags)
    if context.params.get("resume"):
        with RunStore.read(run_kind, settings.run) as store:
            provenance = store.provenance
        # The run is the one that was named, wherever it was begun.
        stored = anchor(provenance.settings, provenance.folder) | {"run": settings.run}
        return load_settings(kind, config, flags, stored)
    if context.params.get("retry_failed"):
        raise UsageError("--retry-failed goes with --resume")
    return settings
