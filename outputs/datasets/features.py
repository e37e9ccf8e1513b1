"""The types of a row's columns, for Arrow and for the dataset card: they follow from the row's type, not from values.

A reader that infers them would go wrong where a column has no value in the first shard.
"""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel


def card_features(row_type: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the features of a row type, as the YAML block of a dataset card has them.

    >>> from outputs.datasets.roles import RoleRow
    >>> card_features(RoleRow)[4]
    {'name': 'messages', 'list': [{'name': 'role', 'dtype': 'string'}, {'name': 'content', 'dtype': 'string'}]}
    """
    return [
        {"name": field.alias or name, **_card_type(field.annotation)} for name, field in row_type.model_fields.items()
    ]


def _card_type(annotation: Any) -> dict[str, Any]:
    kind, inner = _take_apart(annotation)
    if kind is tuple:
        (element,) = _card_type(inner).values()
        return {"list": element}
    return {"struct": card_features(inner)} if kind is BaseModel else {"dtype": _NAMES[kind]}


def arrow_schema(row_type: type[BaseModel], arrow: Any) -> Any:
    """Return the Arrow schema of a row type; `arrow` is the module pyarrow."""
    return arrow.schema(list(_arrow_type(row_type, arrow)))


def _arrow_type(annotation: Any, arrow: Any) -> Any:
    kind, inner = _take_apart(annotation)
    if kind is tuple:
        return arrow.list_(_arrow_type(inner, arrow))
    if kind is BaseModel:
        fields = inner.model_fields.items()
        return arrow.struct(
            [arrow.field(field.alias or name, _arrow_type(field.annotation, arrow)) for name, field in fields]
        )
    return {bool: arrow.bool_, int: arrow.int64, str: arrow.string}[kind]()


_NAMES = {bool: "bool", int: "int64", str: "string"}


def _take_apart(annotation: Any) -> tuple[type, Any]:
    """Return what kind of type an annotation is, and what is in it: a tuple, a row, a truth value, a number or a text.

    Whether it may have no value does not matter.
    """
    parts = [part for part in get_args(annotation) if part not in (type(None), Ellipsis)]
    if get_origin(annotation) is tuple:
        return tuple, parts[0]
    if get_origin(annotation) is Literal:
        return str, None
    if parts:
        return _take_apart(parts[0])
    if issubclass(annotation, BaseModel):
        return BaseModel, annotation
    if issubclass(annotation, str):
        return str, None
    if annotation in (bool, int):
        return annotation, None
    raise TypeError(f"{annotation}: no column of rows has this type")
