"""Static files under names that carry their hash, each behind the gate of its plugin."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from core.errors import NotFound

URL_PREFIX = "/static/"
CORE = "core"
_HASH_LENGTH = 10
_TEXTS = ("text/", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file in memory, `gzipped` too where that makes it smaller. `owner` is `core`,
    `support` or a plugin's name. To a `content_type` of text the framework adds that it is UTF-8.
    """

    owner: str
    url: str
    body: bytes
    content_type: str
    gzipped: bytes | None = None


class Assets:
    """All static files of core and of the plugins, read once at start."""

    def __init__(self, packages: Mapping[str, str]) -> None:
        self._by_name: dict[str, Asset] = {}
        self._by_url: dict[str, Asset] = {}
        for owner, package in packages.items():
            folder = files(package) / "static"
            if folder.is_dir():
                self._read(owner, folder, PurePosixPath())
        self._link_modules()
        self._by_url = {asset.url: asset for asset in self._by_name.values()}

    def _read(self, owner: str, folder: Traversable, below: PurePosixPath) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                self._read(owner, entry, below / entry.name)
            else:
                self._add(owner, below / entry.name, entry.read_bytes())

    def _add(self, owner: str, path: PurePosixPath, body: bytes) -> None:
        digest = hashlib.sha256(body).hexdigest()[:_HASH_LENGTH]
        hashed = path.with_name(f"{path.stem}.{digest}{path.suffix}")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.endswith("javascript"):
            kind = "text/javascript"  # RFC 9239; some machines still know an older name
        name = f"{owner}/{path}"
        small = gzip.compress(body, 9, mtime=0) if kind.startswith(_TEXTS) else body
        self._by_name[name] = Asset(
            owner,
            f"{URL_PREFIX}{owner}/{hashed}",
            body,
            kind,
            gzipped=small if len(small) < len(body) else None,
        )

    def _link_modules(self) -> None:
        """Let `"./other.js"` in a module and `url(x.svg)` in a sheet name the hashed file."""
        for name, asset in list(self._by_name.items()):
            if not name.endswith((".js", ".css")):
                continue
            body = asset.body
            folder = PurePosixPath(name).parent
            for other_name, other in self._by_name.items():
                if PurePosixPath(other_name).parent == folder and other_name != name:
                    plain = f"./{PurePosixPath(other_name).name}".encode()
                    body = body.replace(plain, f"./{PurePosixPath(other.url).name}".encode())
            if body != asset.body:
                owner, _, path = name.partition("/")
                self._add(owner, PurePosixPath(path), body)

    def url(self, name: str) -> str:
        """The address of `owner/path`, for templates.

        Raises:
            NotFound: no such file, which is a mistake in a template.
        """
        asset = self._by_name.get(name)
        if asset is None:
            raise NotFound(f"no static file {name}")
        return asset.url

    def find(self, path: str) -> Asset | None:
        """The file at an address, or None."""
        return self._by_url.get(path)

    def owners(self) -> set[str]:
        """Core and the plugins that bring static files."""
        return {asset.owner for asset in self._by_name.values()}
