"""The bare limit of uploads: an ASGI application that writes each body to a file."""

import os
import tempfile
from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Nothing is looked at."""
    if scope["type"] != "http":
        while scope["type"] == "lifespan":
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
        return
    with tempfile.TemporaryFile(dir=os.environ["BENCH_SPOOL"]) as file:
        more = True
        while more:
            message = await receive()
            file.write(message.get("body", b""))
            more = message.get("more_body", False)
    headers = [(b"content-length", b"2"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})
