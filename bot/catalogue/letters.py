"""Vietnamese letters as character classes: a range such as à-ỹ mixes small and capital ones."""

from __future__ import annotations

_MARKED = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
LOWER = "a-z" + _MARKED
UPPER = "A-Z" + _MARKED.upper()
