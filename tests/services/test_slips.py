"""What is read from a photographed receipt slip, and that no file can do harm."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
import zxingcpp
from PIL import Image, ImageEnhance, ImageOps

from bot.services import slips
from tests.slip_photos import CODE, barcode, blurred, encoded, on_a_table, slip, without_code

QR, CODE_128 = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128
SLIP = slip(barcode(CODE))
PHOTOS = {
    "QR code": SLIP,
    "Code 128": slip(barcode(CODE, CODE_128, 3)),
    "Code 39": slip(barcode(CODE, zxingcpp.BarcodeFormat.Code39, 2)),
    "turned by 7 degrees": on_a_table(SLIP, degrees=7, noise=60),
    "barcode turned by 7 degrees": on_a_table(slip(barcode(CODE, CODE_128, 3)), degrees=7),
    "lying on its side": SLIP.rotate(90, expand=True),
    "upside down": SLIP.rotate(180),
    "out of focus": blurred(SLIP, 2.2),
    "dark": ImageEnhance.Brightness(on_a_table(SLIP, degrees=3)).enhance(0.25),
    "light on dark": ImageOps.invert(SLIP),
    "small": SLIP.resize((360, 480)),
    "in a photo of 12 megapixels": on_a_table(SLIP.resize((2900, 3870)), degrees=4),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_the_case_code_is_read_from_a_photo(name: str) -> None:
    assert slips.case_code_in(encoded(PHOTOS[name], quality=40)) == CODE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_usual_format_is_read(kind: str) -> None:
    assert slips.case_code_in(encoded(SLIP, kind)) == CODE


def test_a_small_code_on_a_large_photo_is_found_at_full_size() -> None:
    photo = Image.new("RGB", (6000, 4500), (200, 200, 200))
    photo.paste(barcode(CODE, scale=2), (4100, 3100))
    assert slips.case_code_in(encoded(photo, quality=90)) == CODE


def test_the_orientation_that_the_telephone_noted_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 5  # mirrored and on its side
    sent = encoded(SLIP.transpose(Image.Transpose.TRANSPOSE), exif=exif)
    [upright] = slips._readings(sent)
    assert upright.size == SLIP.size
    assert slips.case_code_in(sent) == CODE


def test_a_transparent_background_is_paper() -> None:
    dark = barcode(CODE).point(lambda v: 255 - v)
    picture = Image.new("RGBA", dark.size, (0, 0, 0, 0))
    picture.putalpha(dark)
    assert slips.case_code_in(encoded(picture, "PNG")) == CODE


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [slip(barcode(text)) for text in (CODE, "H02.08-260203-0117")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert slips.case_code_in(data) == CODE


@pytest.mark.parametrize(
    "held",
    [
        CODE,
        f"https://dichvucong.bacninh.gov.vn/tra-cuu?lang=vi&code={CODE}&x=1",
        "https://e.vn/ho-so/H02.15-260114-0032/trang-thai#x",
        "https://e.vn/?ma=H02%2E15%2D260114%2D0032",
        f"GIẤY TIẾP NHẬN\nMã hồ sơ: {CODE}\nNgười nộp: Nguyễn Văn A\nHẹn trả: 28/01/2026",
        f"Ma ho so|{CODE}|14/01/2026",
        "h02.15 - 260114 - 0032",
        f'{{"maHoSo":"{CODE}"}}',
    ],
)
def test_the_code_is_found_in_whatever_the_slip_holds(held: str) -> None:
    assert slips.case_code_in(encoded(slip(barcode(held, scale=4)))) == CODE


@pytest.mark.parametrize(
    "held",
    [
        "",
        "https://zalo.me/1234567890",
        "030090012345|123456789|Nguyễn Văn A|01011990|Nam|Số 1",
        "0",
    ],
)
def test_other_codes_are_no_case(held: str) -> None:
    assert slips.case_code_of(held) is None


def test_of_several_codes_the_first_that_names_a_case_counts() -> None:
    sheet = slip(
        barcode("https://bacninh.gov.vn", scale=4),
        barcode(CODE, CODE_128, 3),
        barcode("H02.08-260203-0117", scale=4),
    )
    data = encoded(sheet)
    assert slips.read_codes(data) == ("https://bacninh.gov.vn", CODE, "H02.08-260203-0117")
    assert slips.case_code_in(data) == CODE


def test_a_photo_without_a_code_says_nothing() -> None:
    data = encoded(without_code(4000, 3000))
    assert slips.read_codes(data) == ()
    assert slips.case_code_in(data) is None


def _png_that_claims(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that would unfold to gigabytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7 \xff",
        encoded(SLIP)[:2000],
        b"\xff\xd8\xff" + bytes(5000),
        encoded(SLIP, "TIFF"),
        encoded(SLIP, "PPM"),
        _png_that_claims(7_000, 7_000),
        _png_that_claims(12_000, 12_000),
        _png_that_claims(60_000, 60_000),
        _png_that_claims(2**31 - 1, 2**31 - 1),
        _png_that_claims(0, 0),
    ],
    ids=range(13),
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_file_that_is_no_sound_picture_is_no_code_and_no_harm(data: bytes) -> None:
    assert slips.read_codes(data) == ()


def test_a_sound_picture_that_is_too_large_is_not_even_decoded() -> None:
    sheet = Image.new("L", (7_000, 6_000), 255)
    sheet.paste(barcode(CODE), (100, 100))
    assert slips.read_codes(encoded(sheet, "PNG", compress_level=1)) == ()
    assert slips.case_code_in(encoded(sheet.crop((0, 0, 6_500, 6_000)), "PNG")) == CODE


def test_odd_exif_data_spoils_no_picture() -> None:
    data = encoded(SLIP, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x07\xff")
    assert Image.open(io.BytesIO(data)).size == SLIP.size
    assert slips.case_code_in(data) == CODE
