"""Rows as Parquet, whose schema follows from the type of the rows and not from the values that some of them have."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agents.errors import UsageError
from agents.reading import naming
from outputs.datasets.features import arrow_schema


def _arrow() -> Any:
    """Return pyarrow, which only Parquet needs."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'rolecs[train]'") from None
    return pyarrow


def to_parquet(lines: Sequence[str], row_type: type[BaseModel]) -> bytes:
    """Return rows, given as JSON, as a Parquet file.

    Raises:
        UsageError: pyarrow is not installed.
    """
    arrow = _arrow()
    table = arrow.Table.from_pylist([json.loads(line) for line in lines], schema=arrow_schema(row_type, arrow))
    sink = arrow.BufferOutputStream()
    arrow.parquet.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file.

    Raises:
        UsageError: pyarrow is not installed, this is no Parquet file, or it cannot be read.
    """
    arrow = _arrow()
    try:
        with naming(path), arrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except arrow.ArrowInvalid as error:
        raise UsageError(f"{path} is no Parquet file: {error}") from None
