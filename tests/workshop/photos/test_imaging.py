"""Looking at photos and rendering them."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat
from PIL.JpegImagePlugin import JpegImageFile

from core.workshop.photos.imaging import (
    MAX_BYTES,
    SIZES,
    NotAPhoto,
    PhotoDamaged,
    PhotoTooLarge,
    Rendition,
    TooManyPixels,
    decode_fully,
    identify,
    render,
)
from tests.factories import jpeg
from tests.workshop.photos.pictures import (
    BAD,
    DAMAGED,
    GOOD,
    GPS,
    KINDS,
    MARKER,
    NOT_PHOTOS,
    TOO_MANY_PIXELS,
    encoded,
    photo_with_secrets,
)

PHOTOS = [*sorted(GOOD.iterdir()), BAD / "bad-exif.jpg"]


def file(folder: Path, body: bytes, name: str = "upload.jpg") -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def served(path: Path, folder: Path, size: str = "display") -> bytes:
    (rendition,) = render(path, folder, [size])
    return Path(rendition.path).read_bytes()


def drawn(path: Path, folder: Path) -> Image.Image:
    return Image.open(BytesIO(served(path, folder)), formats=["JPEG"])


def parts(body: bytes) -> set[bytes]:
    """The kinds of parts that a picture's file has."""
    return _chunks(body) if body.startswith(b"RIFF") else _segments(body)


def _chunks(webp: bytes) -> set[bytes]:
    """The kinds of chunks in a WebP's container (RFC 9649)."""
    kinds, position = set(), 12
    while position < len(webp):
        kinds.add(webp[position : position + 4])
        length = int.from_bytes(webp[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    return kinds


def _segments(jpeg: bytes) -> set[bytes]:
    """The kinds of marker segments in a JPEG (ITU-T T.81, B.1.1); after its end nothing may be."""
    kinds, position = set(), 2
    assert jpeg.startswith(b"\xff\xd8")
    while True:
        assert jpeg[position] == 0xFF
        kinds.add(jpeg[position : position + 2])
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4])
        if b"\xff\xda" in kinds:
            break
    assert re.findall(rb"\xff[^\x00\xd0-\xd7]", jpeg[position:]) == [b"\xff\xd9"]
    assert jpeg.endswith(b"\xff\xd9")
    return kinds


NOTHING_ELSE = {
    "thumb": {b"VP8 "},
    "display": {b"\xff\xe0", b"\xff\xdb", b"\xff\xc0", b"\xff\xc4", b"\xff\xda"},
}
"""The picture, and for JPEG its JFIF header (without a thumbnail) and tables."""


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_photos_of_real_cameras_can_be_decoded_and_drawn(path: Path, tmp_path: Path) -> None:
    facts = decode_fully(path)
    renditions = render(path, tmp_path, list(SIZES))
    assert facts.format == ("HEIC" if path.suffix == ".HEIC" else "JPEG")
    assert {each.size for each in renditions} == set(SIZES)
    assert all(fits(each) for each in renditions)


def fits(rendition: Rendition) -> bool:
    with Image.open(rendition.path, formats=[KINDS[rendition.size]]) as image:
        wide, high = SIZES[rendition.size]
        return image.size == (rendition.width, rendition.height) and (
            image.width <= wide and image.height <= high
        )


@pytest.mark.parametrize("turned", [3, 6, 8])
def test_a_turned_photo_is_drawn_upright(turned: int, tmp_path: Path) -> None:
    upright = drawn(GOOD / "landscape_1.jpg", tmp_path).convert("RGB")
    other = drawn(GOOD / f"landscape_{turned}.jpg", tmp_path).convert("RGB")
    assert other.size == upright.size == (600, 450)
    difference = ImageStat.Stat(ImageChops.difference(upright, other)).mean
    assert max(difference) < 8
    assert max(ImageStat.Stat(ImageChops.difference(upright, other.rotate(180))).mean) > 30


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_the_standard_is_applied(orientation: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (80, 60), "white")
    upright.paste("red", (0, 0, 20, 15))
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for turn in undo.get(orientation, []):
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = drawn(file(tmp_path, encoded(stored, "JPEG", exif=exif, quality=95)), tmp_path)
    assert image.size == (80, 60)
    red, green, _ = image.convert("RGB").getpixel((8, 6))
    assert red > 200
    assert green < 60


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WEBP"), ("HEIF", "HEIC")]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_every_kind_of_photo_is_taken_whatever_its_name_says(
    kind: str, name: str, mode: str, tmp_path: Path
) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        mode = "CMYK"
    path = file(tmp_path, encoded(Image.new(mode, (96, 64), 128), kind), "notes.txt")
    facts = decode_fully(path)
    assert (facts.format, facts.width, facts.height) == (name, 96, 64)
    assert drawn(path, tmp_path).size == (96, 64)


@pytest.mark.parametrize("mode", ["1", "P", "I;16", "LA"])
def test_unusual_pngs_are_drawn_too(mode: str, tmp_path: Path) -> None:
    path = file(tmp_path, encoded(Image.new(mode, (40, 30)), "PNG"))
    decode_fully(path)
    assert drawn(path, tmp_path).mode == "RGB"


def test_a_picture_of_several_frames_is_its_first(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    path = file(tmp_path, encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    image = drawn(path, tmp_path)
    assert getattr(image, "n_frames", 1) == 1
    assert image.convert("RGB").getpixel((20, 15))[0] > 200


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_are_turned_upright_too(kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.new("RGB", (60, 80), "white")
    stored.paste("red", (0, 60, 15, 80))
    for size in SIZES:
        path = file(tmp_path, encoded(stored, kind, exif=exif))
        with Image.open(BytesIO(served(path, tmp_path, size))) as image:
            assert image.size == (80, 60)
            assert close(image, (5, 5), (255, 0, 0), 40)


@pytest.mark.parametrize(
    ("stored", "orientation", "sizes"),
    [
        ((4000, 3000), 1, {"display": (1600, 1200), "thumb": (480, 360)}),
        ((4000, 3000), 6, {"display": (900, 1200), "thumb": (270, 360)}),
        ((3000, 4000), 1, {"display": (900, 1200), "thumb": (270, 360)}),
        ((3000, 4000), 8, {"display": (1600, 1200), "thumb": (480, 360)}),
        ((4000, 400), 1, {"display": (1600, 160), "thumb": (480, 48)}),
        ((2000, 3), 6, {"display": (2, 1200), "thumb": (1, 360)}),
    ],
)
def test_a_photo_fills_its_box_upright_however_it_is_stored(
    stored: tuple[int, int], orientation: int, sizes: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = file(tmp_path, encoded(Image.new("RGB", stored), "JPEG", exif=exif))
    drawn_sizes = {
        each.size: (each.width, each.height) for each in render(path, tmp_path, [*sizes])
    }
    assert drawn_sizes == sizes


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_is_decoded_no_larger_than_it_must_be(
    orientation: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = file(tmp_path, encoded(Image.new("RGB", (4000, 3000)), "JPEG", exif=exif))
    decoded: list[tuple[int, int]] = []
    load = JpegImageFile.load

    def loading(image: JpegImageFile) -> object:
        if image.tile:
            decoded.append(image.size)
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", loading)
    render(path, tmp_path, list(SIZES))
    decode_fully(path)
    assert decoded == [(2000, 1500), (500, 375)]


def test_the_thumb_is_drawn_from_the_display_and_looks_like_one_drawn_alone(
    tmp_path: Path,
) -> None:
    both = {each.size: each for each in render(GOOD / "jolla.jpg", tmp_path, ["thumb", "display"])}
    with Image.open(both["thumb"].path) as beside:
        beside.load()
    with Image.open(BytesIO(served(GOOD / "jolla.jpg", tmp_path, "thumb"))) as alone:
        difference = ImageStat.Stat(ImageChops.difference(beside, alone))
    assert [*both] == ["thumb", "display"]
    assert max(difference.mean) < 3


@pytest.mark.parametrize("size", SIZES)
def test_what_is_drawn_looks_like_the_photo(size: str, tmp_path: Path) -> None:
    """As Pillow's slowest and finest filter makes it from all pixels, apart from a little."""
    body = served(GOOD / "jolla.jpg", tmp_path, size)
    with Image.open(GOOD / "jolla.jpg") as photo, Image.open(BytesIO(body)) as picture:
        finest = photo.convert("RGB").resize(picture.size, Image.Resampling.LANCZOS)
        difference = ImageStat.Stat(ImageChops.difference(picture, finest))
    assert max(difference.rms) < 6


def test_small_photos_are_not_blown_up(tmp_path: Path) -> None:
    assert drawn(file(tmp_path, jpeg(size=(30, 20))), tmp_path).size == (30, 20)


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_of_a_photos_metadata_is_served(path: Path, size: str, tmp_path: Path) -> None:
    body = served(path, tmp_path, size)
    assert parts(body) == NOTHING_ELSE[size]
    image = Image.open(BytesIO(body))
    assert not dict(image.getexif())
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"} | ANIMATION


ANIMATION = {"loop", "background", "timestamp", "duration"}
"""What Pillow says of any WebP."""


def test_photos_that_hold_a_position_are_among_those_tried() -> None:
    assert len([path for path in PHOTOS if has_position(path)]) >= 4


def has_position(path: Path) -> bool:
    with Image.open(path) as image:
        return bool(image.getexif().get_ifd(GPS))


def test_nothing_that_hides_in_or_behind_a_photo_is_served(tmp_path: Path) -> None:
    original = photo_with_secrets()
    path = file(tmp_path, original)
    assert (original.count(MARKER) >= 4, has_position(path)) == (True, True)
    for size in SIZES:
        body = served(path, tmp_path, size)
        assert MARKER not in body
        assert parts(body) == NOTHING_ELSE[size]


def test_paint_looks_as_it_does_in_a_phones_wider_colours(tmp_path: Path) -> None:
    with Image.open(GOOD / "IMG_5195.HEIC") as phone:
        display_p3 = phone.info["icc_profile"]
    wide = Image.new("RGB", (40, 30), (200, 60, 40))
    body = encoded(wide, "PNG", icc_profile=display_p3)
    red, green, blue = drawn(file(tmp_path, body), tmp_path).convert("RGB").getpixel((20, 15))
    assert abs(red - 217) <= 4
    assert abs(green - 42) <= 4
    assert abs(blue - 23) <= 6


@pytest.mark.parametrize("size", SIZES)
def test_a_phones_colours_are_converted_once_for_all_sizes(
    size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Image.open(GOOD / "IMG_5195.HEIC") as phone:
        display_p3 = phone.info["icc_profile"]
    converted: list[tuple[int, int]] = []
    apply = ImageCms.applyTransform

    def applying(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image | None:
        converted.append(image.size)
        return apply(image, transform)

    monkeypatch.setattr(ImageCms, "applyTransform", applying)
    wide = Image.new("RGB", (4000, 3000), (200, 60, 40))
    path = file(tmp_path, encoded(wide, "JPEG", icc_profile=display_p3, quality=95))
    found = {each.size: each.path for each in render(path, tmp_path, list(SIZES))}
    with Image.open(found[size]) as image:
        assert close(image, (20, 15), (217, 42, 23), 6)
    assert [size for size in converted if size[0] > 100] == [(1600, 1200)]


def test_a_profile_that_says_srgb_changes_nothing_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    converted: list[tuple[int, int]] = []
    apply = ImageCms.applyTransform

    def applying(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image | None:
        converted.append(image.size)
        return apply(image, transform)

    monkeypatch.setattr(ImageCms, "applyTransform", applying)
    body = encoded(Image.new("RGB", (400, 300), (200, 60, 40)), "PNG", icc_profile=srgb)
    assert close(drawn(file(tmp_path, body), tmp_path), (20, 15), (200, 60, 40), 3)
    assert (len(converted), (400, 300) in converted) == (1, False)


def close(
    image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int], most: int
) -> bool:
    """Whether the picture has about that colour there."""
    found = image.convert("RGB").getpixel(place)
    return all(abs(one - other) <= most for one, other in zip(found, colour, strict=True))


@pytest.mark.parametrize("profile", [b"broken", b"\x00" * 200])
def test_a_broken_profile_is_left_aside(profile: bytes, tmp_path: Path) -> None:
    body = encoded(Image.new("RGB", (40, 30), (200, 60, 40)), "PNG", icc_profile=profile)
    red, *_ = drawn(file(tmp_path, body), tmp_path).convert("RGB").getpixel((20, 15))
    assert abs(red - 200) <= 3


@pytest.mark.parametrize(
    ("name", "taken_at"),
    [
        ("DSCN0010.jpg", "2008-10-22T16:28:39"),
        ("jolla.jpg", "2014-09-21T16:00:56"),
        ("landscape_1.jpg", None),
    ],
)
def test_the_cameras_own_time_is_kept(name: str, taken_at: str | None) -> None:
    assert identify(GOOD / name).taken_at == taken_at


def test_a_phone_says_its_time_zone_too() -> None:
    taken_at = identify(GOOD / "IMG_5195.HEIC").taken_at
    assert taken_at is not None
    assert taken_at.startswith("2021-04-11T15:47:53")


@pytest.mark.parametrize(
    "written", ["0000:00:00 00:00:00", "yesterday", "2026:13:45 99:00:00", "", "\x00" * 19]
)
def test_a_broken_time_is_no_reason_to_refuse_a_photo(written: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = written
    path = file(tmp_path, encoded(Image.new("RGB", (20, 20)), "JPEG", exif=exif))
    assert identify(path).taken_at is None


@pytest.mark.parametrize("body", NOT_PHOTOS.values(), ids=NOT_PHOTOS)
def test_what_is_no_photo_is_called_none(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotAPhoto):
        decode_fully(file(tmp_path, body))


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_what_lost_a_part_is_called_damaged(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(PhotoDamaged):
        decode_fully(file(tmp_path, body))


@pytest.mark.parametrize("body", TOO_MANY_PIXELS.values(), ids=TOO_MANY_PIXELS)
def test_a_bomb_is_seen_in_its_header(body: bytes, tmp_path: Path) -> None:
    assert len(body) < 100_000
    with pytest.raises(TooManyPixels):
        identify(file(tmp_path, body))


@pytest.mark.parametrize(
    ("name", "problem"), [("decompression_bomb.gif", NotAPhoto), ("truncated.heic", PhotoDamaged)]
)
def test_known_bad_files_have_their_problem(name: str, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        decode_fully(BAD / name)


def test_a_file_of_too_many_bytes_is_not_even_opened(tmp_path: Path) -> None:
    path = file(tmp_path, b"")
    with path.open("r+b") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(PhotoTooLarge):
        identify(path)
    path.write_bytes(jpeg(padded_to=MAX_BYTES))
    assert identify(path).format == "JPEG"
