"""Photos of a receipt slip: the QR codes and barcodes on them, and the case code that these hold.

A picture is an outsider's bytes: its format and its size are checked before anything is decoded,
and nothing of it is kept. What stands in a code says which case is meant, not who may see it.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from urllib.parse import unquote_plus

import zxingcpp
from PIL import ExifTags, Image

from nlu import case_codes

log = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_PIXELS = 40_000_000  # no telephone's photo of a sheet of paper is larger
QUICK_SIDE = 2_500  # pixels of the longer side at which a photo is read first
LONGEST_CODE = 4_000  # characters; a QR code holds hardly more
_SYMBOLOGIES = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.Code39,
        zxingcpp.BarcodeFormat.Code93,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.PDF417,
        zxingcpp.BarcodeFormat.Aztec,
    ]
)
# How the telephone was held (EXIF), and what puts the picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def case_code_in(data: bytes) -> str | None:
    """The first case code in the codes of a picture, or None."""
    for text in read_codes(data):
        code = case_code_of(text)
        if code:
            return code
    return None


def case_code_of(text: str) -> str | None:
    """The case code in what a QR code or barcode holds: alone, in lines of text, in an address."""
    for reading in (text, unquote_plus(text)):
        found = case_codes.find(reading)
        if found:
            return found.code
    return None


def read_codes(data: bytes) -> tuple[str, ...]:
    """What the QR codes and barcodes of a picture hold, from top to bottom; () if it has none.

    So does a file that is no picture, is damaged, or would be too large.
    """
    try:
        for picture in _readings(data):
            found = _codes(picture)
            if found:
                return found
    except Exception as error:  # a decoder on hostile bytes raises whatever it likes
        log.info("a picture can't be read: %s", type(error).__name__)
    return ()


def _readings(data: bytes) -> Iterator[Image.Image]:
    """The picture in greys: a large one first made smaller, which is quick, then as it is."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        width, height = picture.size  # from the header: nothing is decoded yet
    if width * height > MOST_PIXELS:
        log.info("a picture of %s × %s pixels is not read", width, height)
        return
    if max(width, height) > QUICK_SIDE:
        yield _decoded(data, QUICK_SIDE)
    yield _decoded(data)


def _decoded(data: bytes, longest_side: int | None = None) -> Image.Image:
    """Upright and in greys; of several frames the first; what is transparent becomes paper."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if longest_side:  # a JPEG is decoded at a half or less, at no less than this
            picture.draft("L", (longest_side, longest_side))
        orientation = _orientation(picture)
        grey = _on_paper(picture)
    if longest_side:
        grey.thumbnail((longest_side, longest_side), Image.Resampling.BOX)
    return grey.transpose(orientation) if orientation is not None else grey


def _on_paper(picture: Image.Image) -> Image.Image:
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    grey = picture.convert("L")
    if "A" not in picture.getbands():
        return grey
    paper = Image.new("L", picture.size, 255)
    return Image.composite(grey, paper, picture.getchannel("A"))


def _orientation(picture: Image.Image) -> Image.Transpose | None:
    with contextlib.suppress(Exception):  # odd EXIF data spoils no picture
        return _UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def _codes(picture: Image.Image) -> tuple[str, ...]:
    found = zxingcpp.read_barcodes(picture, formats=_SYMBOLOGIES, text_mode=zxingcpp.TextMode.Plain)
    found.sort(key=lambda code: (code.position.top_left.y, code.position.top_left.x))
    return tuple(code.text[:LONGEST_CODE] for code in found if code.text)
