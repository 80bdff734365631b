"""What is said of how a sheet was etched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moedal_gui.analysis.geometry_estimate import SheetGeometry
from moedal_gui.store.catalogue import RunRecord, ScanRecord


def sheet_values(sheet: SheetGeometry) -> dict[str, Any]:
    """How a sheet was etched, as plain values, px."""
    found: dict[str, Any] = {
        "bulk_etch_px": round(sheet.bulk_etch, 3), "surfaces_apart_px": round(sheet.surfaces_apart, 3),
        "estimated": sheet.estimated,
    }  # fmt: skip
    for name in ("bulk_etch", "surfaces_apart"):
        interval = getattr(sheet, f"{name}_interval")
        if interval is not None:
            found[f"{name}_interval_px"] = [round(float(end), 3) for end in interval]
    if sheet.departs:
        used = sheet.weighed_by
        found["weighed_by_px"] = {
            "bulk_etch": round(used.bulk_etch, 3),
            "surfaces_apart": round(used.surfaces_apart, 3),
        }
    return found


def sheet_words(sheet: SheetGeometry, pixel_um: float | None) -> str:
    """What a person is told of h and T': nothing where they were stated and the pits agree."""
    scale, unit = (pixel_um, "um") if pixel_um else (1.0, "px")

    def said(value: float, interval: tuple[float, float] | None = None) -> str:
        ends = f" ({interval[0] * scale:.0f} to {interval[1] * scale:.0f})" if interval else ""
        return f"{value * scale:.0f}{ends}"

    parts = []
    if sheet.bulk_etch_interval:
        parts.append(f"bulk etch {said(sheet.bulk_etch, sheet.bulk_etch_interval)} {unit}")
    if sheet.surfaces_apart_interval:
        parts.append(f"surfaces {said(sheet.surfaces_apart, sheet.surfaces_apart_interval)} {unit} apart")
    words = [f"estimated from the pits, as cones: {', '.join(parts)}"] if parts else []
    if sheet.departs:
        used = sheet.weighed_by
        dips = ""
        if sheet.dips_as_stated:
            dips = f"; dips are reckoned from the stated {said(sheet.surfaces_apart)} {unit} and are wrong if that is"
        words.append(
            f"the pits contradict the etching that was stated: pairs are weighed as those of cones of bulk etch {said(used.bulk_etch)} "
            f"and surfaces {said(used.surfaces_apart)} {unit} apart{dips}; check bulk_etch_um, foil_thickness_um and pixel_size_um"
        )
    return "; ".join(words)


def disagreement(scans: Sequence[ScanRecord]) -> str:
    """What is said where scans of one foil state different etchings: the first one's is taken."""
    parts = []
    for name in ("bulk_etch_um", "foil_thickness_um"):
        stated = {s.scan: float(v) for s in scans if (v := getattr(s.description, name))}
        if stated and max(stated.values()) > 1.01 * min(stated.values()):
            parts.append(f"{name} is {', '.join(f'{v:g} by {scan}' for scan, v in stated.items())}")
    return f"its scans do not agree, the first is taken: {'; '.join(parts)}" if parts else ""


def doubts_of_links(link: RunRecord) -> list[str]:
    """What is said of foils in which nothing could be linked, or whose pits contradict how they were etched."""
    rows = link.summary.get("foils", [])
    told = [row for row in rows if row.get("etching") and ("weighed_by_px" in row or row.get("reason"))]
    return [f"{row['foil']}: {row['etching']}" for row in told]
