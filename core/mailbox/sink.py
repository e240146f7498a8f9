"""The SMTP side of the mailbox."""

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.mailbox.store import MailStore


class _Keep:
    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        self._store.add(content if isinstance(content, bytes) else content.encode())
        return "250 kept"


class MailSink:
    """Takes every mail on a port of the loopback address, in a thread of its own."""

    def __init__(self, store: MailStore, port: int) -> None:
        self._store = store
        self._port = port
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen; returns when mails are taken."""
        self._controller = Controller(
            _Keep(self._store),
            hostname="127.0.0.1",
            port=self._port,
            data_size_limit=32 * 1024 * 1024,
        )
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; nothing happens if it never began."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None
