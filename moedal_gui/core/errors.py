"""Every error a person may meet: one sentence that says what, where and what to do."""

from __future__ import annotations


class MoedalError(Exception):
    """Root of all errors this program raises on purpose.

    Parameters
    ----------
    what
        What went wrong, without a full stop.
    where
        The file, field or name it went wrong at; may be empty.
    remedy
        What the person can do about it.
    """

    def __init__(self, what: str, where: object = "", remedy: str = "") -> None:
        self.what = what
        self.where = str(where)
        self.remedy = remedy
        super().__init__(what, self.where, remedy)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        cure = f": {self.remedy}" if self.remedy else ""
        return f"{self.what}{place}{cure}".replace("\n", " ")


class ArgumentError(MoedalError):
    """The words of a command do not fit together (exit status 2)."""


class ScanError(MoedalError):
    """A scan cannot be read as any known kind of scan."""


class DescriptionError(ScanError):
    """A scan.toml (or a description given otherwise) is wrong."""


class PictureError(ScanError):
    """A picture file is missing, damaged or not a picture."""


class ProjectError(MoedalError):
    """A project is missing, damaged or of another version."""


class ProjectLockedError(ProjectError):
    """Another process writes to the project."""


class ReadOnlyError(ProjectError):
    """The project can be read but not written."""


class NotFoundError(MoedalError):
    """A scan, field, run or pit of that name is not in the project."""


class DetectionError(MoedalError):
    """Pits cannot be looked for with this method on this scan."""


class TableError(MoedalError):
    """A table or list from outside cannot be understood."""


class LabelError(MoedalError):
    """A label cannot be given or read."""


class CorrectionError(MoedalError):
    """What was to be put right by hand cannot be so."""


class ExportError(MoedalError):
    """An output file cannot be written as asked."""


class RecipeError(MoedalError):
    """A recipe cannot be followed: its words are wrong, or the pictures at hand do not have what it names."""


class ExpertError(MoedalError):
    """An expert or ensemble is missing, damaged, foreign, or does not admit what it is asked to judge."""


class TrainingError(MoedalError):
    """A training cannot begin, go on or be resumed."""


class BatchError(MoedalError):
    """No foil of a batch could be worked through, or those who should work on them cannot be reached."""


class CancelledError(MoedalError):
    """The person cancelled; what was done so far is kept."""

    def __init__(self, what: str = "Cancelled", where: object = "", remedy: str = "run it again to go on") -> None:
        super().__init__(what, where, remedy)
