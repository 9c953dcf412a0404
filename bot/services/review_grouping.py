"""Which messages ask alike: by their telling words, whatever the marks, the order and the slips.

A message joins the oldest of the groups that share the most of its telling words, at least ALIKE of
both together (Dice: twice the shared words by all words of the two), and that want the same done;
else it begins a group.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz.distance import Indel
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bot.models.learning import ReviewGroup, ReviewItem
from bot.services.rows import insert_each_once
from bot.services.search.taught import COURTESY
from nlu.text import fold, normalise

ALIKE = 0.85  # share of telling words from which two messages ask alike
AT_ONCE = 2_000  # messages that one call groups: others wait meanwhile to write
PUT_ASIDE = ("ignored", "out_of_scope")  # decisions that hold for what is asked alike later
# What is to be done: who lost a card and who returns one do not ask alike, however much they share.
_ACTING = (
    "mat roi hong rach sai doi lai moi gia huy xoa thoi tra dong tam ngung dung sua chuyen tach"
    " them bot rut thu mo"
)
_ACTS = frozenset(_ACTING.split())
_MASK = re.compile(r"\[[^\]]*\]")
_WORD = re.compile(r"[^\W_]+")


def key_of(normalised: str) -> str:
    """The telling words of a normalised message, bare, sorted, each once; "" when it has none."""
    # Read a second time without marks: so both spellings of one question meet the same repairs.
    bare = fold(normalise(fold(_MASK.sub(" ", normalised))))
    words = set(_WORD.findall(bare))
    return " ".join(sorted(words - COURTESY or words))


def group_new(session: Session) -> int:
    """Put each message that has no group yet into one; returns how many there were. Flushes."""
    new = session.execute(
        select(ReviewItem.id, ReviewItem.normalised, ReviewItem.suggestion)
        .where(ReviewItem.group_id.is_(None))
        .order_by(ReviewItem.id)
        .limit(AT_ONCE)
    ).all()
    if not new:
        return 0
    groups = _Groups(session)
    joined = [(item_id, groups.place(key_of(text)), bool(asked)) for item_id, text, asked in new]
    ids = groups.store(session)
    _join(session, [(item_id, ids[key], asked) for item_id, key, asked in joined], groups.decisions)
    session.flush()
    return len(new)


class _Groups:
    """The groups that take in new messages; each is named by the key of its first message."""

    def __init__(self, session: Session) -> None:
        self._ids: dict[str, int] = {}
        self._first: dict[str, str] = {}  # key → that of its group
        self._new: list[str] = []
        self._keys: list[str] = []
        self._words: list[list[str]] = []
        self._holding: dict[str, list[int]] = defaultdict(list)  # word → places in the two above
        self.decisions: dict[int, str] = {}
        rows = session.execute(
            select(ReviewGroup.id, ReviewGroup.key, ReviewGroup.decision)
            .where(ReviewGroup.digest.is_not(None))
            .order_by(ReviewGroup.id)
        )
        for group_id, key, decision in rows:
            self._ids[key] = int(group_id)
            self.decisions[int(group_id)] = decision
            self._add(key)

    def place(self, key: str) -> str:
        """The group of a key: a known one, one that is alike, or a new one."""
        if key not in self._first:
            found = self._alike(key.split())
            if found is None:
                self._new.append(key)
                self._add(key)
            else:
                self._first[key] = found
        return self._first[key]

    def store(self, session: Session) -> dict[str, int]:
        """Insert the new groups; the ids of all, by key."""
        rows = [{"key": key, "digest": digest_of(key)} for key in self._new]
        insert_each_once(session, ReviewGroup, rows)
        for part in _parts([row["digest"] for row in rows]):
            wanted = select(ReviewGroup.key, ReviewGroup.id).where(ReviewGroup.digest.in_(part))
            self._ids.update({key: int(group_id) for key, group_id in session.execute(wanted)})
        return self._ids

    def _alike(self, words: list[str]) -> str | None:
        # Whoever is ALIKE shares two thirds of these words, so one of any third and one more.
        rarest = sorted(words, key=lambda w: (len(self._holding.get(w, ())), w))
        near = {n for w in rarest[: len(words) // 3 + 1] for n in self._holding.get(w, ())}
        best: tuple[float, int] | None = None
        acts = _ACTS.intersection(words)
        for place in near:
            if acts != _ACTS.intersection(self._words[place]):
                continue
            # On sorted words, each once, Indel is Dice.
            share = Indel.normalized_similarity(words, self._words[place], score_cutoff=ALIKE)
            if share >= ALIKE and (best is None or (share, -place) > best):
                best = (share, -place)
        return None if best is None else self._keys[-best[1]]

    def _add(self, key: str) -> None:
        self._first[key] = key
        for word in key.split():
            self._holding[word].append(len(self._keys))
        self._keys.append(key)
        self._words.append(key.split())


def digest_of(key: str) -> str:
    """What finds a group by its key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _join(
    session: Session, joined: Sequence[tuple[int, int, bool]], decisions: Mapping[int, str]
) -> None:
    """Note the group of each message; what a group put aside takes in is put aside with it.

    Not so where an agent asks for something: somebody has to look at that.
    """
    table: Any = ReviewItem.__table__
    mine = table.update().where(table.c.id == bindparam("item"))
    put_aside = [i for i, group, asked in joined if decisions.get(group) in PUT_ASIDE and not asked]
    session.execute(
        mine.values(group_id=bindparam("of")), [{"item": i, "of": group} for i, group, _ in joined]
    )
    if put_aside:
        dismissed = mine.values(state="dismissed")
        session.execute(dismissed, [{"item": item_id} for item_id in put_aside])
    for part in _parts(sorted({group for _, group, _ in joined})):
        session.execute(
            update(ReviewGroup)
            .where(ReviewGroup.id.in_(part))
            .values(checked_version=None)
            .execution_options(synchronize_session=False)
        )


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """At most so many as a statement of either database takes."""
    return (values[start : start + 500] for start in range(0, len(values), 500))
