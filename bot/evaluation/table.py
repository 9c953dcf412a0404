"""The figures as a table for the screen."""

from __future__ import annotations

from typing import Any

_COLUMNS = ("overall", "accented", "unaccented", "messy")


def table(result: dict[str, Any]) -> str:
    """Rows of figures by register, then the dialogues and what failed in them."""
    names = list(result["overall"])
    width = max(map(len, names)) + 2
    lines = ["".ljust(width) + "".join(c.rjust(12) for c in _COLUMNS)]
    for name in names:
        cells = (_cell(name, result[c][name]) for c in _COLUMNS)
        lines.append(name.ljust(width) + "".join(c.rjust(12) for c in cells))
    dialogues = result.get("dialogues")
    if dialogues:
        lines.append(f"\ndialogues passed {dialogues['passed']} of {dialogues['total']}")
        for item in dialogues["items"]:
            lines += [
                f"  {item['id']}: {turn['user']!r}: {'; '.join(turn['faults'])}"
                for turn in item["turns"]
                if turn["faults"]
            ]
    return "\n".join(lines)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if name == "items" else f"{value:.3f}"
