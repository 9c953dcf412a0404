"""Receipt slips as citizens photograph them, drawn: sharp, turned, blurred, dark, noisy."""

from __future__ import annotations

import io
import random
from typing import Any

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

CODE = "H02.15-260114-0032"
PAPER, TABLE = (250, 249, 244), (120, 96, 72)
_SIZE = (900, 1200)


def barcode(
    text: str, kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode, scale: int = 5
) -> Image.Image:
    """One code in black on white, `scale` pixels for its smallest part."""
    made = zxingcpp.create_barcode(text, kind)
    return Image.fromarray(zxingcpp.write_barcode_to_image(made, scale=scale, add_quiet_zones=True))


def slip(*codes: Image.Image, lines: tuple[str, ...] = (), font: Any = None) -> Image.Image:
    """A sheet with codes from top to bottom and lines of text below."""
    sheet = Image.new("RGB", _SIZE, PAPER)
    draw = ImageDraw.Draw(sheet)
    top = 60
    for code in codes:
        sheet.paste(code.convert("RGB"), ((_SIZE[0] - code.width) // 2, top))
        top += code.height + 40
    for line in lines or (
        "GIẤY TIẾP NHẬN HỒ SƠ",
        *(f"Dong thu {n} cua giay hen" for n in range(9)),
    ):
        draw.text((70, top), line, fill=(30, 30, 40), font=font or ImageFont.load_default(24))
        top += 44
    return sheet


def on_a_table(sheet: Image.Image, *, degrees: float = 0.0, noise: int = 0) -> Image.Image:
    """The sheet lying on a table, a little turned, with the grain of a small camera."""
    turned = sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)
    photo = Image.new("RGB", (turned.width + 160, turned.height + 160), TABLE)
    photo.paste(turned, (80, 80))
    if noise:
        grain = Image.effect_noise(photo.size, noise).convert("RGB")
        photo = Image.blend(photo, grain, 0.12)
    return photo


def blurred(photo: Image.Image, radius: float) -> Image.Image:
    """Out of focus."""
    return photo.filter(ImageFilter.GaussianBlur(radius))


def without_code(width: int, height: int) -> Image.Image:
    """A large photo of something else: clouds of grey."""
    seed = random.Random(7)
    small = Image.frombytes(
        "L", (width // 20, height // 20), seed.randbytes(width // 20 * (height // 20))
    )
    return small.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")


def encoded(photo: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    """The file as it is sent."""
    buffer = io.BytesIO()
    photo.save(buffer, kind, **more)
    return buffer.getvalue()
