"""The words of the tus 1.0 protocol: reading and writing its headers."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

AnyRequest = Request[Any, Any, Any]
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
CONTENT_TYPE = "application/offset+octet-stream"
MOST_METADATA = 4096
MOST_DIGITS = 12


class OtherVersion(HTTPException):
    """The sender speaks another version of the protocol, or none."""

    status_code = 412


class BadHeader(HTTPException):
    """A header that the protocol asks for is missing or cannot be read."""

    status_code = 400


class NotAPiece(HTTPException):
    """A PATCH with a body of another kind than :data:`CONTENT_TYPE`."""

    status_code = 415


class MoreThanAnnounced(HTTPException):
    """More bytes than the upload was said to have; nothing of the piece is kept."""

    status_code = 413


def check_version(request: AnyRequest) -> None:
    """Refuse whoever speaks another version.

    Raises:
        OtherVersion: as it says.
    """
    if request.headers.get("tus-resumable") != VERSION:
        raise OtherVersion(f"Tus-Resumable is not {VERSION}")


def read_number(request: AnyRequest, header: str) -> int:
    """A number of bytes.

    Raises:
        BadHeader: it is missing, or no number that a file could have.
    """
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS:
        raise BadHeader(f"{header} is no number")
    return int(text)


def read_metadata(request: AnyRequest) -> dict[str, str]:
    """`Upload-Metadata`: names, each with a text in Base64. NUL, which PostgreSQL cannot store,
    is dropped.

    Raises:
        BadHeader: it is too long or malformed.
    """
    raw = request.headers.get("upload-metadata", "").strip()
    if len(raw) > MOST_METADATA:
        raise BadHeader("too much metadata")
    found = {}
    for pair in filter(None, (part.strip() for part in raw.split(","))):
        name, _, encoded = pair.partition(" ")
        try:
            value = b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadHeader("metadata is not Base64") from error
        if not name.isascii():
            raise BadHeader("a name in the metadata is not ASCII")
        found[name.replace("\x00", "")] = value.decode("utf-8", "replace").replace("\x00", "")
    return found


def write_metadata(details: Mapping[str, str]) -> str:
    """The same, as a header."""
    return ",".join(
        f"{name} {b64encode(value.encode()).decode()}" for name, value in details.items()
    )
