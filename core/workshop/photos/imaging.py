"""Looking at photos and rendering them, without trusting a byte of them.

The format is what the bytes say and never what a name or a header says. The pixel cap is checked
from the header, before anything is decoded. Renditions are drawn afresh, so no metadata (the GPS
position above all) and nothing hidden behind the picture reaches what is served.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # our own cap below is checked first, for every format

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS = 60_000_000
MAX_BYTES = 25 * 1024 * 1024
SIZES: Mapping[str, tuple[int, int]] = {"thumb": (480, 360), "display": (1600, 1200)}
"""Largest width and height of the upright picture."""
MEDIA_TYPES: Mapping[str, str] = {".jpg": "image/jpeg", ".webp": "image/webp"}
"""What a rendition is, by the end of its name; displays were WebP once, and those are kept."""
LOGO_FORMATS = ("JPEG", "PNG", "WEBP")
LOGO_BOX = (640, 240)
_SRGB = ImageCms.createProfile("sRGB")
_STEPS = range(0, 256, 51)
_COLOURS = Image.frombytes(
    "RGB",
    (36, 6),
    bytes(band for r in _STEPS for g in _STEPS for b in _STEPS for band in (r, g, b)),
)
"""A few of all colours, to see what a profile does to them."""
_SAME_COLOUR = 2
_REDUCING_GAP = 1.5
_ORIENTATION = 0x0112
_LYING = frozenset({5, 6, 7, 8})
"""Orientations at which what is stored as wide is high."""
_EXIF_IFD = 0x8769
_TAKEN_AT = 0x9003
_OFFSET = 0x9011


class PhotoProblem(Exception):
    """Base of what can be wrong with a photo; `code` is stable."""

    code = "photo"


class NotAPhoto(PhotoProblem):
    """The bytes are no JPEG, HEIC, PNG or WebP."""

    code = "not_a_photo"


class PhotoTooLarge(PhotoProblem):
    """More than :data:`MAX_BYTES`."""

    code = "too_large"


class TooManyPixels(PhotoProblem):
    """More than :data:`MAX_PIXELS`; seen in the header, nothing was decoded."""

    code = "too_many_pixels"


class PhotoDamaged(PhotoProblem):
    """It begins like a photo, but cannot be decoded to its end."""

    code = "damaged"


class PhotoNotSeen(PhotoProblem):
    """Whoever was to look at it was ended by somebody, or had no time: this says nothing of the
    photo, and the next try may do."""

    code = "not_seen"


PROBLEMS: Mapping[str, type[PhotoProblem]] = {
    problem.code: problem for problem in (NotAPhoto, PhotoTooLarge, TooManyPixels, PhotoDamaged)
}
"""What the bytes can be to blame for."""


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What the header says. Width and height are in pixels, before the orientation is applied.

    `taken_at` is ISO 8601, without offset where the camera gave none; None where unknown.
    """

    format: str
    width: int
    height: int
    taken_at: str | None


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture drawn afresh: upright, sRGB, without metadata."""

    size: str
    path: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Style:
    """How pictures of a size are drawn (docs/decisions/0038)."""

    format: str
    suffix: str
    options: Mapping[str, int]
    filter: Image.Resampling


_STYLES: Mapping[str, _Style] = {
    "thumb": _Style("WEBP", ".webp", {"quality": 80, "method": 2}, Image.Resampling.BICUBIC),
    "display": _Style("JPEG", ".jpg", {"quality": 72}, Image.Resampling.HAMMING),
}


def identify(path: Path) -> PhotoFacts:
    """Read the header only.

    Raises:
        NotAPhoto, PhotoTooLarge, TooManyPixels, PhotoDamaged: as they say.
    """
    if path.stat().st_size > MAX_BYTES:
        raise PhotoTooLarge
    with _opened(path) as image:
        return PhotoFacts(
            "HEIC" if image.format == "HEIF" else str(image.format).replace("MPO", "JPEG"),
            image.width,
            image.height,
            _taken_at(image),
        )


def decode_fully(path: Path) -> PhotoFacts:
    """Like :func:`identify`, and every pixel can be decoded (at a smaller scale for JPEG).

    Raises:
        NotAPhoto, PhotoTooLarge, TooManyPixels, PhotoDamaged: as they say.
    """
    facts = identify(path)
    if facts.format == "HEIC" and not _boxes_are_whole(path):
        raise PhotoDamaged
    with _opened(path) as image:
        _decode(image, SIZES["thumb"])
    return facts


def render(path: Path, destination: Path, sizes: Sequence[str]) -> list[Rendition]:
    """Draw renditions into the folder `destination`, one per size name: from the file the largest,
    and each of the others from the one before it.

    Raises:
        NotAPhoto, TooManyPixels, PhotoDamaged: as they say.
    """
    drawn: dict[str, Rendition] = {}
    picture: Image.Image | None = None
    for size in sorted(sizes, key=lambda size: SIZES[size], reverse=True):
        style = _STYLES[size]
        if picture is None:
            picture = _upright(path, SIZES[size], style.filter)
        else:
            picture = _scaled(picture, _fitted(picture.size, SIZES[size]), style.filter)
        target = destination / f"{size}{style.suffix}"
        picture.save(target, style.format, **style.options)
        drawn[size] = Rendition(size, str(target), picture.width, picture.height)
    return [drawn[size] for size in sizes]


def render_logo(path: Path, destination: Path) -> Rendition:
    """Draw a logo as WebP into the folder `destination`, small enough for :data:`LOGO_BOX`; what
    is transparent in it stays so.

    Raises:
        NotAPhoto: no JPEG, PNG or WebP.
        TooManyPixels, PhotoDamaged: as they say.
    """
    with _opened(path, LOGO_FORMATS) as image:
        _decode(image, LOGO_BOX)
        is_clear = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
        picture = ImageOps.exif_transpose(image).convert("RGBA" if is_clear else "RGB")
    picture.thumbnail(LOGO_BOX, Image.Resampling.LANCZOS)
    picture.info.clear()
    target = destination / "logo.webp"
    picture.save(target, "WEBP", quality=90, method=4)
    return Rendition("logo", str(target), picture.width, picture.height)


def _opened(path: Path, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=formats)
    except UnidentifiedImageError:
        raise (PhotoDamaged if _looks_like_heic(path) else NotAPhoto) from None
    except Exception as error:
        raise PhotoDamaged from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise TooManyPixels
    return image


def _decode(image: Image.Image, box: tuple[int, int]) -> tuple[int, int]:
    """Decode it, a JPEG at the smallest scale that is enough for the box; the size at which it
    fits, as the file stores it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lies = image.getexif().get(_ORIENTATION) in _LYING
            size = _fitted(image.size, (box[1], box[0]) if lies else box)
            if image.format in {"JPEG", "MPO"}:
                image.draft("RGB", size)
            image.load()
    except Exception as error:
        raise PhotoDamaged from error
    return size


def _upright(path: Path, box: tuple[int, int], resampling: Image.Resampling) -> Image.Image:
    """The picture of a file, in sRGB and with nothing of what else the file says. Orientation and
    colours come after making it small: they cost by the pixel."""
    with _opened(path) as image:
        size = _decode(image, box)
        picture = image if image.mode == "RGB" else image.convert("RGB")
        picture = _scaled(picture, size, resampling)
    ImageOps.exif_transpose(picture, in_place=True)
    picture = _in_srgb(picture)
    picture.info.clear()
    return picture


def _fitted(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of that shape that fits the box, and no larger than it is."""
    scale = min(box[0] / size[0], box[1] / size[1], 1)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _scaled(
    picture: Image.Image, size: tuple[int, int], resampling: Image.Resampling
) -> Image.Image:
    return picture.resize(size, resampling, reducing_gap=_REDUCING_GAP)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Phones photograph in wider colours than browsers assume: drawn as they are, without the
    profile that says so, paint would look paler than it is. A broken profile is left aside, and
    one that says sRGB in its own words costs nothing."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        conversion = ImageCms.buildTransform(source, _SRGB, "RGB", "RGB")
        if _changes_nothing(conversion):
            return picture
        converted = ImageCms.applyTransform(picture, conversion)
    except (ImageCms.PyCMSError, OSError):
        return picture
    return converted or picture


def _changes_nothing(conversion: ImageCms.ImageCmsTransform) -> bool:
    seen = ImageCms.applyTransform(_COLOURS, conversion) or _COLOURS
    apart = ImageChops.difference(seen, _COLOURS).getextrema()
    return all(most <= _SAME_COLOUR for _least, most in apart)  # type: ignore[misc]


def _looks_like_heic(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"hevc"}


def _boxes_are_whole(path: Path) -> bool:
    """Whether every top-level box (ISO/IEC 14496-12, 4.2) ends inside the file: the decoder
    fills what a broken upload lost with grey, and says nothing."""
    size = path.stat().st_size
    position = 0
    with path.open("rb") as stream:
        while position < size:
            stream.seek(position)
            head = stream.read(16)
            if len(head) < 8:
                return False
            length = int.from_bytes(head[:4])
            if length == 0:
                return True
            if length == 1:
                length = int.from_bytes(head[8:16])
            if length < 8:
                return False
            position += length
    return position == size


def _taken_at(image: Image.Image) -> str | None:
    """The camera's own time; broken EXIF is no reason to refuse a photo."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields: Mapping[int, Any] = image.getexif().get_ifd(_EXIF_IFD)
        moment = datetime.strptime(str(fields[_TAKEN_AT]).strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
        offset = str(fields.get(_OFFSET, "")).strip("\x00 ")
        text = moment.isoformat() + offset
        datetime.fromisoformat(text)
    except Exception:  # noqa: BLE001 - any way in which EXIF can be broken means: not known
        return None
    return text
