"""The small words around the name of a place, without diacritics."""

from __future__ import annotations

SHORT_LEVELS = {
    "tp": "thành phố", "tx": "thị xã", "tt": "thị trấn", "p": "phường", "ph": "phường",
    "f": "phường", "x": "xã", "h": "huyện", "t": "tỉnh",
}  # fmt: skip
LEVELS_BY_FIRST = {
    "thanh": (("thành", "phố"),), "thi": (("thị", "trấn"), ("thị", "xã")),
    "phuong": (("phường",),), "xa": (("xã",),), "huyen": (("huyện",),), "tinh": (("tỉnh",),),
}  # fmt: skip
STRONG_CUES = frozenset({"o", "tai", "thuoc", "que", "song", "tru"})
CUES = STRONG_CUES | {
    "ve", "sang", "qua", "len", "xuong", "ra", "tu", "den", "toi", "gan", "ben", "nguoi", "dan",
    "ubnd",
}  # fmt: skip
SPEAKERS = frozenset({"toi", "minh", "em", "chau", "con", "anh", "chi", "bac"})
JOINTS = frozenset({"thuoc", "cua", "o", "cu", "truoc", "day", "ngay", "xua", "tai"})
FILLERS = frozenset({
    "toi", "minh", "em", "chau", "con", "la", "o", "tai", "ben", "da", "vang", "a", "ah", "nhe",
    "nha", "ban", "oi", "thi", "dang", "song", "que", "day", "do", "cu", "moi", "truoc", "thuoc",
    "bac", "chi", "anh", "voi", "ad", "can", "hoi", "cho", "duoc", "ngu", "gan", "ngay",
    "xa", "phuong", "tran", "huyen", "tinh", "thanh", "pho",
})  # fmt: skip
ASKING = frozenset({
    "nay", "gio", "bay", "sang", "chuyen", "ve", "tu", "den", "khong", "phai", "chu", "gi", "nao",
    "dau", "ten", "doi", "thanh", "nhap", "vao", "sap", "hien", "roi", "xong", "khac",
})  # fmt: skip
FORMER = frozenset({"cu", "xua"})
