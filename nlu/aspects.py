"""What is asked about a procedure: every aspect named in one message. Pure Python.

Precise rather than eager: an aspect is told only where the message asks for it.
"""

from __future__ import annotations

import re

from nlu import text as reading

# Words that ask, with the accents that they then have; with others ("ở đầu ngõ", "cái máy") they
# are marked by "_" and no pattern takes them for a question.
_ASKING = {
    "dau": "đâu", "may": "mấy", "co": "có", "chi": "chi", "lau": "lâu", "mau": "mẫu",
    "mat": "mất", "buoc": "bước", "gia": "giá",
}  # fmt: skip

# Patterns are verbose, so a space that is meant is written "\\ ".
_DAYS = r"(?:ngay|hom|tuan|thang|bua|tieng|buoi|lau)"
_NETWORK = r"""(?:(?:qua|tren|bang)\ (?:mang|internet|app|dien\ thoai|vneid|zalo)
    |truc\ tuyen|online|onl|(?:cong\ )?dich\ vu\ cong)"""
_PAPER = r"(?:giay\ to|giay\ ma|giay|ho\ so|chung\ tu|ct|gto|thu|cai|loai)"
# "ở đầu ngõ" without its accents is no "ở đâu".
_BEGINNING = r"(?:ngo|xom|lang|pho|duong|thon|ap|cau|nam|thang|tuan|mua|vao|tien|hoi)\b"
_LAW = r"(?:luat|nghi\ dinh|thong\ tu|van\ ban|quyet\ dinh|dieu\ khoan)"
_OFFICE = r"(?:co_?\ quan|noi|cho|phong|so|xa|phuong|phong\ ban|van\ phong|uy\ ban|tru\ so)"

_PATTERNS: dict[str, str] = {
    "documents": rf"""
        \b(?:giay\ to|giay|loai\ giay)\ (?:nao|nhung\ gi|gom\ nhung\ gi|gom\ gi)\b
        | \b(?:can|nop|mang|cam|dem|trinh|chuan\ bi|co)(?:\ theo|\ kem|\ di|\ du|\ co|\ nop|\ mang)*
          (?:\ nhung|\ cac|\ may)?\ {_PAPER}(?:\ to)?(?:\ \w+)?\ (?:gi|nao|chi)\b
        | \b(?:can|gom|nop|mang|cam|dem|chuan\ bi|bao\ gom)
          (?:\ theo|\ kem|\ them|\ di|\ nop|\ mang|\ co)*
          (?:\ nhung|\ cac)?\ (?:gi|chi)\b(?!\ (?:buoc|dieu))
        | \bho\ so\ (?:\w+\ ){{0,8}}?(?:gom|can|co)\ (?:nhung\ )?(?:gi|nao|may)
        | \bgiay\ to\ (?:can\ thiet|gi|gom)\b | \bthanh\ phan\ ho\ so\b
        | \bgom\ (?:nhung\ )?giay | \bcan\ (?:nhung\ )?giay\ to\b
        | \bco\ (?:can|phai\ (?:mang|nop|co))
          \ (?:anh|ban\ (?:chinh|sao|goc|ve)|photo|giay|so\ ho\ khau)\b
        | \bcon\ (?:can\ )?(?:giay\ )?gi\ nua\b
    """,
    "fee": rf"""
        \b(?:bao\ nhieu|nhieu|may)\ (?:tien|dong|nghin|ngan|tram|trieu)\b
        | \ble\ phi\b(?!\ truoc\ ba(?!\ (?:bao|la|het|mat))) | \bmien\ (?:le\ )?phi\b
        | \b(?:mat|dong|ton|thu|tinh|muc|bieu|chi|tra|het\ bao\ nhieu|bao\ nhieu)\ (?:\w+\ )?phi\b
        | \bphi\ (?:\w+\ ){{0,6}}?la\ (?:bao\ nhieu|nhieu|may)\b
        | \bphi\ (?:la\ )?(?:bao\ nhieu|nhieu|the\ nao|sao|het|may)\b
        | \b(?:mat|ton|dong|tra|thu|nop|tinh|het|phai)\ (?:\w+\ )?tien
          \ (?:khong|the\ nao|sao|gi|chua)\b
        | \b(?:het|ton|mat|dong|gia|tra|nop|thu)(?:\ \w+)?\ (?:bao\ nhieu|nhieu)\b
          (?!\ (?:{_DAYS}|giay|ban|buoc|lan|nguoi|tuoi|met))
        | \b(?:co\ )?dat\ khong\b | \bton\ kem\ khong\b
        | \b(?:mat|ton|dong|nop|tra|het)\ (?:dong|xu)\ nao\b
        | \b(?:nop|chiu)\ (?:le\ )?phi\ (?:khong|gi|nao|chua|bao)\b
        | \b(?:the\ nao|sao|bao|may|nhieu)\ tien\b
        | \bmat\ tien\ khong\b | \bbao\ nhieu\ mot\ ban\b
    """,
    "processing_time": rf"""
        \bbao\ lau\b | \b(?:may|bao\ nhieu)\ {_DAYS}\b
        | \bthoi\ (?:gian|han)\ (?:giai\ quyet|xu\ ly|cap|tra|lam|the\ nao|bao)
        | \b(?:khi\ nao|bao\ gio|hom\ nao|luc\ nao)\ (?:\w+\ ){{0,2}}?(?:co|xong|lay|nhan|tra)\b
        | \bchung\ (?:hom|bua|luc|khi)\ nao\b | \bkip\ (?:\w+\ ){{0,5}}?(?:truoc|tet)\b
        | \b(?:hom|bua)\ nao\ (?:moi\ )?(?:duoc|ra)\b
        | \blau\ khong\b | \blay\ (?:ngay|lien)\b | \bnhanh\ khong\b
    """,
    "where": rf"""
        \b(?:o|den|ra|toi|len|di|ve|qua)\ dau\b(?!\ {_BEGINNING})
        | \b{_OFFICE}\ nao\b(?!\ (?:quy|noi))
        | \b(?:nop\ cho|gap|lien\ he|xin\ phep)\ (?:voi\ )?ai\b(?!\ khong)
        | \bdia\ chi_?\ (?:nop|o|nao|cho)\b | \bdia\ diem\b
        | \bo\ (?:xa|phuong)\ hay\b | \bnao\ cung\ (?:duoc|lam|nhan)\b
    """,
    "steps": r"""
        \b(?:may|cac|tung|nhung|bao\ nhieu)\ buoc\b | \bbuoc\ (?:nao|gi|mot|dau_?|tiep|1)\b
        | \btrinh\ tu\b | \bquy\ trinh\b
    """,
    "online": rf"""
        \b{_NETWORK}(?:\ (?:thi|co|duoc|luon|a|hay|nhe|la|lam|nop))*\ (?:khong|chua)\b
        | \b(?:link|duong\ dan|trang\ (?:web\ )?nao|web\ nao|app\ nao)\b | \btoan\ trinh\b
        | \bco\ (?:the\ )?(?:nop|lam|dang\ ky)\ {_NETWORK}\b
        | \b{_NETWORK}\ (?:duoc\ )?(?:khong\ )?hay\ phai\b
        | \b(?:{_NETWORK}|dien\ tu)\ (?:luon\ )?(?:duoc\ )?(?:chu|ha|khong|chua)\b
    """,
    "eligibility": r"""
        \bdieu\ kien\ (?:gi|nao|the|la|de|nhu|ra)\b | \b(?:du|can|co)\ dieu\ kien\b
        | \bbat\ buoc_?\b
        | \b(?:ai|nhung\ ai|doi\ tuong\ nao|truong\ hop\ nao)\ (?:thi\ )?(?:duoc|phai|moi)\b
        | \b(?:may|bao\ nhieu)\ tuoi\b | \bthuoc\ dien\b | \bco\ bi\ phat\ khong\b
        | \bcung\ phai\ (?:\w+\ ){1,6}?(?:a|ha|sao)\b
    """,
    "forms": r"""
        \b(?:mau|bieu\ mau|form|file)\ (?:don|to\ khai|giay|hop\ dong|so|ct|tk|nao|gi|dau)
        | \b(?:cho\ xin|xin|tai|dien|co|theo)\ (?:\w+\ )?(?:bieu\ )?mau\b
        | \bto\ khai\ (?:\w+\ ){0,9}?(?:tai|lay|o\ dau|mau)\b | \btai\ (?:to\ khai|don)\b
        | \b(?:viet|dien|ghi)\ (?:don|to\ khai)\b | \bdon\ viet\b
    """,
    "result": r"""
        \b(?:duoc|nhan|cap|tra|dua)(?:\ (?:duoc|ve|cho|minh|toi|cap|tra|nhan))*
          \ (?:giay\ to|giay|cai|van\ ban)\ gi\b
        | \bduoc\ cam\ (?:ve\ )?(?:giay|to|cai)\ (?:\w+\ )?gi\b
        | \b(?:moi|cu)\ hay\ (?:\w+\ )?(?:dong\ dau_?|ghi|in|dap)\b
        | \b(?:dong\ dau_?|ghi)\ (?:\w+\ ){0,4}?hay\ (?:cap|in|doi)\b
        | \bnhan\ (?:duoc|ve)\ gi\b | \bket\ qua\ (?:\w+\ ){0,6}?(?:la|giay)\ (?:\w+\ )?gi\b
        | \bban\ giay\ (?:hay|khong)\b | \bban\ (?:dien\ tu|cung)\ khong\b
    """,
    "legal_basis": rf"""
        \b{_LAW}\ (?:\w+\ )?(?:nao|gi|may|so\ may|so\ bao)\b | \btheo\ quy\ dinh\ nao\b
        | \b{_LAW}\ {_LAW}\ (?:nao|gi)\b
        | \b(?:can\ cu|co_?\ so)\ (?:phap\ ly|phap\ luat)\b | \bcan\ cu\ (?:vao\ )?(?:dau|luat)\b
        | \bquy\ dinh\ (?:o|tai)\ (?:dau|{_LAW})\b
    """,
}
_YES_OR_NO = re.compile(
    r"\b(?:co|duoc|phai) (?:\w+ ){0,12}?(?:khong|chua)\b|\bduoc (?:khong|chua)\b"
)
_ASPECTS = {name: re.compile(pattern, re.VERBOSE) for name, pattern in _PATTERNS.items()}
# The words of one aspect that another one's question also holds.
_GIVES_WAY = {"where": ("forms", "legal_basis"), "documents": ("result", "forms")}


def plain(word: str) -> str:
    """A normalised word without diacritics, marked where they show that it does not ask."""
    folded = reading.fold(word)
    asks = _ASKING.get(folded)
    return folded if asks is None or word in (folded, asks) else f"{folded}_"


def aspects(text: str) -> tuple[str, ...]:
    """The aspects asked in the message, in the order they are asked."""
    return of_folded(" ".join(plain(word) for word in reading.tokens(text)))


def of_folded(words: str) -> tuple[str, ...]:
    """The same for text that is normalised already and made plain."""
    found = {
        name: match.start() for name, shape in _ASPECTS.items() if (match := shape.search(words))
    }
    for name, stronger in _GIVES_WAY.items():
        if name in found and any(other in found for other in stronger):
            del found[name]
    if not found and _YES_OR_NO.search(words):
        return ("eligibility",)
    return tuple(sorted(found, key=lambda name: found[name]))
