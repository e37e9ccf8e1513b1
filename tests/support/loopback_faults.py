"""How the loopback server breaks an answer: its text, and how it is sent."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from aiohttp import web

DRIP_S = 0.25
DRIP_BYTES = 16


def spoil(fault: str | None, body: dict[str, Any], text: str) -> str:
    """Return what a fault makes of an answer's text."""
    match fault:
        case "truncated":
            return text[: len(text) // 2]
        case "invalid":
            return "no such thing {"
        case "empty":
            return ""
        case "wrong_schema":
            return '{"no_such_key": 1}' if {"response_format", "structured_outputs"} & body.keys() else " "
    return text


async def send_half(request: web.Request, content: bytes) -> web.StreamResponse:
    """Send the headers and the first half of a body, then reset the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    assert request.transport is not None
    # Closing with a linger time of 0 sends RST, not FIN.
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return response


async def drip(request: web.Request, content: bytes) -> web.StreamResponse:
    """Send a body a few bytes at a time."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(content))})
    parts = [content[start : start + DRIP_BYTES] for start in range(0, len(content), DRIP_BYTES)]
    with suppress(ConnectionError):  # the client may have gone
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(DRIP_S / len(parts))
    return response
