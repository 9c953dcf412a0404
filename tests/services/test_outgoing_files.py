"""Files of staff are checked by their content and kept whole, once, for as long as needed."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import FileNotSendable
from bot.services import outgoing_files


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "white").save(made, kind)
    return made.getvalue()


def archive(names: Sequence[str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name in names:
            zipped.writestr(name, "<x/>")
    return made.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
DOCX = archive(["[Content_Types].xml", "word/document.xml"])
DOC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le")
CSV = "họ tên,ngày\nNguyễn A,1/2\n".encode()
GOOD = {
    "anh.png": picture(),
    "anh.jpg": picture("JPEG"),
    "anh.JPEG": picture("JPEG"),
    "don.pdf": PDF,
    "don.docx": DOCX,
    "don.doc": DOC,
    "bang.csv": CSV,
    "bang-excel.csv": b"\xef\xbb\xbf" + CSV,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return outgoing_files.folder_of(tmp_path)


@pytest.mark.parametrize("name", GOOD)
def test_what_zalo_takes_is_kept_and_read_again(folder: Path, name: str) -> None:
    stored = outgoing_files.store(folder, GOOD[name], name)
    assert outgoing_files.read(folder, stored.key) == GOOD[name]
    assert stored.is_image == name.startswith("anh")
    assert stored.name == name.replace("JPEG", "jpg")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("don.pdf", b"", "trống"),
        ("don.exe", PDF, "Chỉ gửi được"),
        ("khong-duoi", PDF, "Chỉ gửi được"),
        ("", PDF, "Chỉ gửi được"),
        ("anh.png", picture() + b"\0" * 1_000_000, "1 MB"),
        ("don.pdf", PDF + b"\0" * 5_000_000, "5 MB"),
        ("don.pdf", b"MZ\x90\0" + b"\0" * 3000, "không phải là tệp PDF"),
        ("don.pdf", PDF.replace(b"%%EOF", b""), "PDF"),
        ("anh.jpg", picture(), "JPG"),
        ("anh.png", picture()[:-30], "PNG"),
        ("anh.png", b"\x89PNG\r\n\x1a\n", "PNG"),
        ("don.docx", archive(["xl/workbook.xml", "[Content_Types].xml"]), "DOCX"),
        ("don.docx", DOCX[:-20], "DOCX"),
        (
            "don.docx",
            archive(["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]),
            "DOCX",
        ),
        ("don.doc", DOCX, "DOC"),
        ("don.doc", DOC[:600], "DOC"),
        ("bang.csv", picture(), "CSV"),
        ("bang.csv", b"a,b\0c", "CSV"),
    ],
)
def test_anything_else_is_refused_in_plain_words(
    folder: Path, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(FileNotSendable, match=said):
        outgoing_files.store(folder, data, name)
    assert not folder.exists()


def test_a_picture_that_would_fill_the_memory_is_refused(folder: Path) -> None:
    made = io.BytesIO()
    Image.new("1", (8000, 8000)).save(made, "PNG")
    with pytest.raises(FileNotSendable):
        outgoing_files.store(folder, made.getvalue(), "anh.png")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Tờ khai.pdf", "Tờ khai.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\a\\don.pdf", "don.pdf"),
        ("a\r\nX: y.pdf", "aX_ y.pdf"),
        ("gpj.\u202efdp.pdf", "gpj.fdp.pdf"),
        ('"<x>".pdf', "__x__.pdf"),
        (".pdf", "tep.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_a_name_is_made_harmless(folder: Path, given: str, kept: str) -> None:
    assert outgoing_files.store(folder, PDF, given).name == kept


def test_the_same_file_is_kept_once_and_its_days_begin_anew(folder: Path) -> None:
    first = outgoing_files.store(folder, PDF, "a.pdf")
    long_ago = time.time() - 29 * 86_400
    os.utime(folder / first.key, (long_ago, long_ago))
    second = outgoing_files.store(folder, PDF, "b.pdf")
    assert first.key == second.key
    assert len(list(folder.iterdir())) == 1
    assert (folder / first.key).stat().st_mtime > time.time() - 60


def test_nobody_else_on_the_machine_reads_them(folder: Path) -> None:
    stored = outgoing_files.store(folder, PDF, "a.pdf")
    assert (folder / stored.key).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", ["", "../x.pdf", "a" * 64, "a" * 64 + ".exe", "/etc/passwd"])
def test_only_a_key_reads_a_file(folder: Path, key: str) -> None:
    with pytest.raises(FileNotSendable):
        outgoing_files.read(folder, key)


def test_a_file_that_is_gone_or_damaged_is_not_sent(folder: Path) -> None:
    stored = outgoing_files.store(folder, PDF, "a.pdf")
    (folder / stored.key).write_bytes(PDF + b" ")
    with pytest.raises(FileNotSendable, match="hỏng"):
        outgoing_files.read(folder, stored.key)
    (folder / stored.key).unlink()
    with pytest.raises(FileNotSendable, match="không còn"):
        outgoing_files.read(folder, stored.key)


def test_old_files_are_deleted(folder: Path) -> None:
    old = outgoing_files.store(folder, PDF, "a.pdf")
    new = outgoing_files.store(folder, CSV, "a.csv")
    long_ago = time.time() - 31 * 86_400
    os.utime(folder / old.key, (long_ago, long_ago))
    assert outgoing_files.prune(folder) == 1
    assert [p.name for p in folder.iterdir()] == [new.key]
