"""Drawing photos smaller: processor time, beside how anybody would do it."""

import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageOps

from bench.load import median
from bench.places import Place
from bench.servers import ROOT
from core.workshop.photos import imaging

DEMO = ROOT / "core" / "demo" / "photos"
PICTURES = ("DSCN0010.jpg", "DSCN0042.jpg", "jolla.jpg", "IMG_5195.HEIC")
ORIENTATION = 0x0112


def make_pictures(folder: Path) -> list[Path]:
    """Photos as phones take them, of the demo's: twelve megapixels with a sensor's grain, about
    three megabytes. The last is held upright and in a phone's wider colours."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in PICTURES:
        path = folder / f"{Path(name).stem}.jpg"
        if not path.exists():
            _scale_up(DEMO / name, path)
        made.append(path)
    return made


def _scale_up(source: Path, target: Path) -> None:
    with Image.open(source) as image:
        profile = image.info.get("icc_profile")
        picture = ImageOps.exif_transpose(image).convert("RGB")
    exif = Image.Exif()
    if picture.height > picture.width:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    picture = ImageOps.fit(picture, (4000, 3000), Image.Resampling.BICUBIC)
    grain = Image.merge("RGB", [Image.effect_noise(picture.size, 4) for _ in range(3)])
    picture = ImageChops.add(picture, grain, offset=-128)
    picture.save(target, "JPEG", quality=92, exif=exif, icc_profile=profile)


def thumbnails(place: Place, *, rounds: int) -> dict[str, Any]:
    """Processor seconds and bytes per photo: as we draw them, and as anybody would."""
    ways = {"ours": _ours, "naive": _naive}
    pictures = make_pictures(place.folder / "pictures")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    size: dict[str, int] = dict.fromkeys(ways, 0)
    with tempfile.TemporaryDirectory() as folder:
        for path in pictures:
            spent: dict[str, list[float]] = {name: [] for name in ways}
            drawn: list[Path] = []
            for _ in range(rounds):
                for name, draw in ways.items():
                    began = time.process_time()
                    drawn = draw(path, Path(folder))
                    spent[name].append(time.process_time() - began)
                    size[name] += sum(file.stat().st_size for file in drawn)
            for name, each in spent.items():
                seconds[name].append(median(each))
    found: dict[str, Any] = {}
    for name in ways:
        found[f"{name}_seconds"] = sum(seconds[name]) / len(pictures)
        found[f"{name}_kilobytes"] = size[name] / len(pictures) / rounds / 1000
    return found


def _ours(path: Path, folder: Path) -> list[Path]:
    return [Path(each.path) for each in imaging.render(path, folder, list(imaging.SIZES))]


def _naive(path: Path, folder: Path) -> list[Path]:
    """All pixels for each size, Pillow's finest filter, and its own settings of the same formats."""
    drawn = []
    for size, kind in (("thumb", "webp"), ("display", "jpeg")):
        box = imaging.SIZES[size]
        with Image.open(path) as image:
            picture = ImageOps.exif_transpose(image).convert("RGB")
        profile = picture.info.get("icc_profile")
        scale = min(box[0] / picture.width, box[1] / picture.height)
        wished = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(wished, Image.Resampling.LANCZOS)
        if profile:
            wide = ImageCms.ImageCmsProfile(BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            picture = ImageCms.profileToProfile(picture, wide, srgb) or picture
        target = folder / f"naive-{size}.{kind}"
        picture.save(target, kind)
        drawn.append(target)
    return drawn
