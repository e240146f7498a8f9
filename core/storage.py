"""Where photos and files are kept: a local folder by default, S3 by setting.

Every key begins with the garage, put there by this module and not by its callers.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from core.errors import GaragistError, SettingsError

CHUNK_BYTES = 1 << 20
S3_PART_BYTES = 5 << 20
"""The smallest part that S3 takes. Parts lie in memory while they are on their way."""


class ObjectMissing(GaragistError):
    """There is nothing under that key."""


class Storage:
    """Private files of garages. `path` arguments are relative to the garage, such as
    `jobs/<id>/originals/<name>`."""

    def __init__(self, store: ObjectStore, *, part_bytes: int = S3_PART_BYTES) -> None:
        self._store = store
        self._part_bytes = part_bytes

    @classmethod
    def from_url(cls, url: str) -> "Storage":
        """From `file:///folder` or `s3://bucket?endpoint=…&region=…` (keys from the usual AWS
        variables).

        Raises:
            SettingsError: another scheme, or a folder that cannot be made.
        """
        parts = urlsplit(url)
        if parts.scheme == "file":
            try:
                return cls(LocalStore(Path(parts.path), mkdir=True), part_bytes=CHUNK_BYTES)
            except OSError as error:
                raise SettingsError(f"STORAGE_URL: {parts.path} cannot be used: {error}") from error
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
        key = _key(tenant_id, path)
        await obstore.put_async(
            self._store, key, source, chunk_size=self._part_bytes, max_concurrency=1
        )

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

    async def delete_below(self, tenant_id: UUID, folder: str) -> None:
        """Remove everything in a folder of a garage."""
        await self._delete_all(f"{_key(tenant_id, folder)}/")

    async def delete_tenant(self, tenant_id: UUID) -> None:
        """Remove everything of a garage."""
        await self._delete_all(f"tenants/{tenant_id}/")

    async def older_than(
        self, tenant_id: UUID, folder: str, moment: datetime, *, behind: str = "", most: int
    ) -> AsyncIterator[list[str]]:
        """Paths of a folder's files that were last written before `moment`, in batches; at most
        `most` files are looked at, beginning with those that sort behind `behind` (a path)."""
        start = f"tenants/{tenant_id}/"
        looked = 0
        offset = f"{start}{behind}" if behind else None
        async for batch in obstore.list(
            self._store, prefix=f"{_key(tenant_id, folder)}/", offset=offset, chunk_size=500
        ):
            looked += len(batch)
            yield [
                item["path"].removeprefix(start) for item in batch if item["last_modified"] < moment
            ]
            if looked >= most:
                return

    async def _delete_all(self, prefix: str) -> None:
        async for batch in obstore.list(self._store, prefix=prefix):
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
