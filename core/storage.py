"""Where photos and files are kept: a local folder by default, S3 by setting.

Every key begins with the garage, put there by this module and not by its callers.
"""

from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from core.errors import GaragistError, SettingsError

CHUNK_BYTES = 1 << 20


class ObjectMissing(GaragistError):
    """There is nothing under that key."""


class Storage:
    """Private files of garages. `path` arguments are relative to the garage, such as
    `jobs/<id>/originals/<name>`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def from_url(cls, url: str) -> "Storage":
        """From `file:///folder` or `s3://bucket?endpoint=…&region=…` (keys from the usual AWS
        variables).

        Raises:
            SettingsError: another scheme.
        """
        parts = urlsplit(url)
        if parts.scheme == "file":
            return cls(LocalStore(Path(parts.path), mkdir=True))
        if parts.scheme == "s3":
            options = {name: values[0] for name, values in parse_qs(parts.query).items()}
            endpoint = options.get("endpoint")
            plain_http = bool(endpoint and endpoint.startswith("http://"))
            return cls(
                S3Store(
                    parts.netloc,
                    region=options.get("region", "eu-central-1"),
                    endpoint=endpoint,
                    client_options={"allow_http": plain_http},
                )
            )
        raise SettingsError("STORAGE_URL must begin with file:// or s3://")

    async def put_file(self, tenant_id: UUID, path: str, source: Path) -> None:
        """Store a file, streamed from disk."""
        await obstore.put_async(self._store, _key(tenant_id, path), source)

    async def put_bytes(self, tenant_id: UUID, path: str, body: bytes) -> None:
        """Store a small thing."""
        await obstore.put_async(self._store, _key(tenant_id, path), body)

    async def get_bytes(self, tenant_id: UUID, path: str) -> bytes:
        """All of a small thing.

        Raises:
            ObjectMissing: as it says.
        """
        try:
            found = await obstore.get_async(self._store, _key(tenant_id, path))
        except FileNotFoundError:
            raise ObjectMissing(path) from None
        return bytes(await found.bytes_async())

    async def stream(self, tenant_id: UUID, path: str) -> AsyncIterator[bytes]:
        """A large thing, in chunks.

        Raises:
            ObjectMissing: as it says.
        """
        try:
            found = await obstore.get_async(self._store, _key(tenant_id, path))
        except FileNotFoundError:
            raise ObjectMissing(path) from None
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)

    async def delete(self, tenant_id: UUID, path: str) -> None:
        """Remove it; nothing happens if it is not there."""
        try:
            await obstore.delete_async(self._store, _key(tenant_id, path))
        except FileNotFoundError:
            return

    async def delete_tenant(self, tenant_id: UUID) -> None:
        """Remove everything of a garage."""
        batches = obstore.list(self._store, prefix=f"tenants/{tenant_id}/")
        async for batch in batches:
            await obstore.delete_async(self._store, [item["path"] for item in batch])


def _key(tenant_id: UUID, path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or str(pure) in {"", "."}:
        raise ValueError(f"not a path inside a garage: {path!r}")
    return f"tenants/{tenant_id}/{pure}"


_installed: list[Storage] = []


def install_storage(storage: Storage) -> None:
    """Make `storage` the one that :func:`storage` answers in this process."""
    _installed[:] = [storage]


def storage() -> Storage:
    """The storage of this process.

    Raises:
        SettingsError: the composition root has not installed one yet.
    """
    if not _installed:
        raise SettingsError("no storage is open yet: the composition root installs it")
    return _installed[0]
