"""Numbers of things, in words."""


def counted(count: int, what: str) -> str:
    """``1 field``, ``2 fields``: of words whose plural ends in s."""
    return f"{count} {what}{'' if count == 1 else 's'}"
