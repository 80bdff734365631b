"""What is selected: a rule, and the one pit that is looked at."""

from __future__ import annotations

from psygnal import Signal

from moedal_gui.core.cut import ByIdentity, Cut, Nothing


class Selection:
    """Owns the rule that picks pits, and the pit in focus.

    ``changed`` carries the old and the new rule, ``focus_changed`` the old and the new pit id.
    """

    changed = Signal(object, object)
    focus_changed = Signal(object, object)

    def __init__(self) -> None:
        self.cut: Cut = Nothing()
        self.focus: int | None = None

    def pick(self, pit_id: int, *, add: bool = False) -> None:
        """Select one pit and look at it; ``add`` keeps pits picked one by one before, and lets go of one picked twice."""
        ids = frozenset({pit_id})
        if add and isinstance(self.cut, ByIdentity):
            ids = self.cut.pit_ids ^ ids
        self.take(ByIdentity(ids) if ids else Nothing())
        self.look_at(pit_id if pit_id in ids else None)

    def take(self, cut: Cut) -> None:
        """Select by a rule."""
        old, self.cut = self.cut, cut
        if old != cut:
            self.changed.emit(old, cut)

    def look_at(self, pit_id: int | None) -> None:
        """Put a pit in focus without changing the rule."""
        old, self.focus = self.focus, pit_id
        if old != pit_id:
            self.focus_changed.emit(old, pit_id)

    def let_go(self) -> None:
        """Select nothing."""
        self.take(Nothing())
        self.look_at(None)
