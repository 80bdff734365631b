"""Numbers of things, and lists of them, in words."""

from collections.abc import Sequence


def counted(count: int, what: str) -> str:
    """``1 field``, ``2 fields``: of words whose plural ends in s."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def listed(things: Sequence[object]) -> str:
    """``3``, ``3 and 7``, ``1, 2 and 3``: of one thing or more."""
    names = [str(thing) for thing in things]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
