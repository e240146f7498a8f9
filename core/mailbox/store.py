"""Mails in a folder, one file each, as they came over SMTP."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache
from pathlib import Path
from typing import cast

MANY = 200


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail and when it arrived; `key` names it in addresses."""

    key: str
    arrived_at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """What it is about."""
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        """For whom it is."""
        return str(self.message["To"] or "")

    @property
    def sender(self) -> str:
        """From whom it is."""
        return str(self.message["From"] or "")

    @property
    def text(self) -> str:
        """Its plain text."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """Its HTML."""
        return self._body("html")

    @property
    def attachments(self) -> list[tuple[str, bytes]]:
        """(file name, content) of each."""
        return [
            (part.get_filename() or "", cast("bytes", part.get_payload(decode=True)))
            for part in self.message.iter_attachments()
        ]

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


class MailStore:
    """The folder. Names sort by arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes) -> None:
        """Keep a mail; a reader never sees half of one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")

    def newest_first(self) -> Iterator[StoredMail]:
        """The last :data:`MANY` mails."""
        for path in sorted(self._folder.glob("*.eml"), reverse=True)[:MANY]:
            yield _read(path)

    def find(self, key: str) -> StoredMail | None:
        """The mail with that key."""
        known = {path.stem: path for path in self._folder.glob("*.eml")}
        return _read(known[key]) if key in known else None


@lru_cache(maxsize=2 * MANY)
def _read(path: Path) -> StoredMail:
    moment = datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, UTC)
    message = message_from_bytes(path.read_bytes(), policy=default)
    return StoredMail(path.stem, moment, message)
