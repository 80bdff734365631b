"""A scan whose lamps are out is looked at through those that are not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moedal_gui.app.crops import stack_and_slopes
from moedal_gui.app.display import SLOPE, Picture, channel_pictures, first_picture, pictures_of
from moedal_gui.app.mosaic import Composer
from moedal_gui.app.sheet import Sheet, lay_out
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement.placing import canvas_placement, placement_of


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lit")
    words = SimulationParameters(
        seed=11, columns=2, rows=1, pits_low=25, pits_high=30, candidates=2, channels=8, both_sides=False
    )
    simulate_foil(out, words)
    return out / "c1"


def _seen(drawn: Path, folder: Path, *steps: int, field: str = "*") -> tuple[Sheet, np.ndarray | None, np.ndarray]:
    """The scan with black pictures in some steps, and the slopes shown of its first field: in a crop, and on the canvas."""
    folder.mkdir(exist_ok=True)
    scan = Path(shutil.copytree(drawn, folder / "c1"))
    for step in steps:
        for file in scan.glob(f"*_s{field}_{step}.png"):
            Image.fromarray(np.zeros((480, 640), np.uint8)).save(file)
    with Project.open(folder / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((scan,))))
        record = project.catalogue.scan("c1")
        fields = project.catalogue.fields(record.scan_id)
        sheet = lay_out(record, placement_of(project, record), fields, canvas_placement(project, record))
        box = (float(sheet.left[0]), float(sheet.top[0]), float(sheet.left[0]) + 400.0, float(sheet.top[0]) + 300.0)
        mosaic = Composer(project.images, sheet).compose(Picture(SLOPE, "", ""), box, 0) if sheet.ring else None
        canvas = np.nan_to_num(mosaic.planes) if mosaic is not None else np.zeros(0)
        return sheet, stack_and_slopes(project.images, record, sheet.fields.iloc[0])[1], canvas


def test_one_lamp_alone_shows_its_picture_and_no_slope(drawn: Path, tmp_path: Path) -> None:
    sheet, slopes, _ = _seen(drawn, tmp_path, 1, 2, 4, 5, 6, 7, 8)
    pictures = pictures_of(sheet)
    assert [p.out for p in pictures] == [True, True, False, True, True, True, True, True]
    assert first_picture(sheet) == pictures[2].key and slopes is None
    assert "carries no picture" in pictures[0].tip


@pytest.mark.parametrize("field", ["*", "1"])
def test_a_dark_lamp_does_not_bend_the_slopes_that_are_shown(drawn: Path, tmp_path: Path, field: str) -> None:
    whole, usual, canvas = _seen(drawn, tmp_path / "whole")
    dark, without, canvas_without = _seen(drawn, tmp_path / "dark", 1, field=field)
    assert len(pictures_of(whole)) == len(pictures_of(dark)) == len(channel_pictures(dark.record.description)) + 4
    assert first_picture(dark) == pictures_of(dark)[1 if field == "*" else 0].key
    assert usual is not None and without is not None
    for before, after in ((usual, without), (canvas, canvas_without)):
        steep = np.hypot(*before) > np.percentile(np.hypot(*before), 99)
        # Two fields tell little of a lamp's contrast, so that a common scale is nobody's fault.
        scale = (after * before)[:, steep].sum() / (after**2)[:, steep].sum()
        away = np.hypot(*(scale * after - before))[steep].mean() / np.hypot(*before)[steep].mean()
        assert away < 0.2  # with the dark lamp counted as one that sees nothing: .3 to .9
