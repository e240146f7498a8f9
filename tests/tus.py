"""Speaking tus 1.0 by hand, as the protocol's own examples do."""

from base64 import b64encode
from dataclasses import dataclass

import httpx

VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who sends files to an address, with the token of a page of theirs."""

    browser: httpx.AsyncClient
    endpoint: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {**VERSION, "x-csrf-token": self.token, "Accept": "application/json"}

    async def begin(self, length: int, **details: str) -> httpx.Response:
        """Announce a file of that many bytes."""
        metadata = ",".join(
            f"{name} {b64encode(value.encode()).decode()}" for name, value in details.items()
        )
        headers = {"Upload-Length": str(length), "Upload-Metadata": metadata}
        return await self.browser.post(self.endpoint, headers={**self.headers, **headers})

    async def look(self, address: str) -> httpx.Response:
        """Ask how much has arrived."""
        return await self.browser.head(address, headers=VERSION)

    async def add(self, address: str, offset: int, body: bytes) -> httpx.Response:
        """Send a piece."""
        headers = {**self.headers, **PIECE, "Upload-Offset": str(offset)}
        return await self.browser.patch(address, content=body, headers=headers)

    async def give_up(self, address: str) -> httpx.Response:
        """Take it back."""
        return await self.browser.delete(address, headers=self.headers)

    async def send(self, body: bytes, *, piece: int = 1 << 20, **details: str) -> httpx.Response:
        """A whole file in pieces; the last answer."""
        answer = await self.begin(len(body), **details)
        address = answer.headers.get("location", "")
        for offset in range(0, len(body), piece):
            if answer.is_success:
                answer = await self.add(address, offset, body[offset : offset + piece])
        return answer
