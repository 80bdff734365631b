"""The picture under the pits: asked for as the view moves, in the contrast a person chose, with its film and overview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from moedal_gui.app.display import Picture, pictures_of
from moedal_gui.app.shading import Limits, lifted
from moedal_gui.app.sheet import Box, Sheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.channel_strip import ChannelStrip
from moedal_gui.ui.viewer.film import Film
from moedal_gui.ui.viewer.minimap import LONGEST_PX, Minimap
from moedal_gui.ui.viewer.pictures import PictureSource, Shown
from moedal_gui.ui.viewer.screen import Screen
from moedal_gui.ui.viewer.view import View, covers

_ASK_AFTER_MS = 12
_MARGIN = 0.25


class PictureLayer(QObject):
    """Fetches what the view needs of the session's sheet and puts it on the screen, the strip and the minimap."""

    def __init__(
        self, workbench: Workbench, relay: Relay, screen: Screen, strip: ChannelStrip, minimap: Minimap, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workbench, self._relay = workbench, relay
        self._screen, self._strip, self._minimap = screen, strip, minimap
        self.film = Film(screen, parent)
        self._view = View()
        self._source: PictureSource | None = None
        self._shown: Shown | None = None
        self._let_go: list[Callable[[], None]] = []
        self._asking = QTimer(self, singleShot=True, interval=_ASK_AFTER_MS)
        self._asking.timeout.connect(self._ask)
        strip.pictureAsked.connect(lambda key: workbench.session.show(picture=key, film=False))
        strip.evenAsked.connect(lambda on: workbench.session.show(even=on))
        strip.contrastAsked.connect(self._set_contrast)
        strip.contrastForgotten.connect(self._forget_contrast)

    @property
    def is_shown(self) -> bool:
        """Whether the picture asked for is on screen, at the level that fits."""
        return self._shown is not None and self._shown.final and self._shown.picture == self._picture()

    def take_sheet(self, sheet: Sheet | None) -> None:
        """Let go of the scan before and be ready to fetch from this one; `again` asks."""
        self._forget_source()
        self.film.stop()
        self._shown = None
        project = self._workbench.session.project
        if sheet is None or project is None:
            self._screen.clear()
            self._strip.show_pictures(())
            return
        self._strip.show_pictures(pictures_of(sheet))
        self._source = source = PictureSource(project.images, sheet)
        listen = self._relay.listen
        self._let_go = [
            listen(source.answers.answered, lambda g, shown: self._answered(source, g, shown)),
            listen(source.answers.failed, lambda _g, error: self._workbench.said.emit("bad", str(error))),
            listen(source.overview.answered, lambda _g, shown: self._overview(source, shown)),
            listen(source.film.answered, lambda g, frames: self._film_ready(source, g, frames)),
        ]

    def look(self, view: View) -> None:
        """Follow the view; the picture is asked for when it rests a moment."""
        self._view = view
        self._screen.look(view)
        if not self._asking.isActive():
            self._asking.start()

    def again(self) -> None:
        """Another picture or contrast was chosen: ask anew."""
        self._mark()
        self._shown = None
        self._ask_overview()
        self._ask()

    def play(self, on: bool) -> None:
        """The film round the lamp ring, or the picture."""
        sheet = self._workbench.session.sheet
        lamps = self._lamps(sheet) if sheet is not None else ()
        if not on or self._source is None or len(lamps) < 2:
            self.film.stop()
            if self._shown is not None:
                self._put(self._shown)
            return
        known = {p.key: limits for p in lamps if (limits := self._limits(p.key)) is not None}
        self.film.expect(self._source.ask_film(lamps, self._view.wider(_MARGIN), self._view.zoom, known))

    def step(self, by: int) -> None:
        """The next or previous picture of the strip."""
        session = self._workbench.session
        if session.sheet is None:
            return
        keys = [p.key for p in pictures_of(session.sheet)]
        here = keys.index(session.display.picture) if session.display.picture in keys else 0
        session.show(picture=keys[(here + by) % len(keys)], film=False)

    def shut(self) -> None:
        """Stop fetching."""
        self.film.stop()
        self._forget_source()

    def _forget_source(self) -> None:
        if self._source is not None:
            for let_go in self._let_go:
                let_go()
            self._source.close()
            self._source = None

    def _mark(self) -> None:
        self._strip.mark(self._workbench.session.display.picture)
        self._strip.mark_even(self._workbench.session.display.even)

    # questions and answers
    def _ask(self) -> None:
        picture = self._picture()
        if self._source is None or picture is None:
            return
        shown, view = self._shown, self._view
        enough = (
            shown is not None
            and shown.final
            and shown.picture == picture
            and covers(shown.box, self._clipped(view.box))
        )
        if enough and shown is not None and shown.step * view.zoom <= 1.001 and shown.step * view.zoom > 0.24 + 1e-9:
            return
        self._source.ask(picture, view.wider(_MARGIN), view.zoom, self._limits(picture.key))
        if self.film.playing:
            self.play(True)

    def _answered(self, source: PictureSource, generation: int, shown: Shown) -> None:
        if source is not self._source or not source.answers.is_newest(generation):
            return
        self._shown = shown
        if shown.final and self._limits(shown.picture.key) is None:
            self._remember(shown.picture.key, shown.limits)
        self._strip.show_limits(shown.limits)
        if not self.film.playing:
            self._put(shown)

    def _put(self, shown: Shown) -> None:
        self._screen.show_picture(shown.rgb, shown.x, shown.y, shown.step)
        self._screen.look(self._view)

    def _film_ready(self, source: PictureSource, generation: int, frames: object) -> None:
        if source is self._source and source.film.is_newest(generation) and frames is not None:
            self.film.take(generation, frames)  # type: ignore[arg-type]

    def _ask_overview(self) -> None:
        picture = self._picture()
        if self._source is not None and picture is not None:
            self._source.ask_overview(picture, self._limits(picture.key), 2 * LONGEST_PX)

    def _overview(self, source: PictureSource, shown: Shown | None) -> None:
        if source is self._source and shown is not None:
            self._minimap.show_picture(lifted(shown.rgb))

    def _clipped(self, box: Box) -> Box:
        sheet = self._workbench.session.sheet
        if sheet is None:
            return box
        return max(box[0], 0), max(box[1], 0), min(box[2], sheet.size[0]), min(box[3], sheet.size[1])

    # contrast
    def _set_contrast(self, limits: Limits) -> None:
        picture = self._picture()
        if picture is not None:
            self._remember(picture.key, limits)
            self.again()

    def _forget_contrast(self) -> None:
        picture = self._picture()
        if picture is not None:
            kept = dict(self._workbench.settings.now.contrast)
            kept.pop(self._workbench.session.contrast_key(picture.key), None)
            self._workbench.settings.change(contrast=kept)
            self.again()

    def _remember(self, picture: str, limits: Limits) -> None:
        self._workbench.settings.remember_contrast(self._workbench.session.contrast_key(picture), limits)

    def _limits(self, picture: str) -> Limits | None:
        return self._workbench.settings.now.contrast.get(self._workbench.session.contrast_key(picture))

    # which picture
    def _picture(self) -> Picture | None:
        session = self._workbench.session
        if session.sheet is None:
            return None
        every = self._pictures(session.sheet)
        return next((p for p in every if p.key == session.display.picture), every[0] if every else None)

    def _pictures(self, sheet: Sheet) -> list[Picture]:
        """All ways to look at a scan, as the display says."""
        even = self._workbench.session.display.even
        return [replace(p, even=even and p.index is not None) for p in pictures_of(sheet)]

    def _lamps(self, sheet: Sheet) -> tuple[Picture, ...]:
        channels = sheet.record.description.channels
        rim = [
            p for p in self._pictures(sheet) if p.index is not None and not p.out and channels[p.index].kind == "rim"
        ]
        return tuple(sorted(rim, key=lambda p: channels[p.index or 0].azimuth_deg or 0.0))
