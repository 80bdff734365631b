"""How the picture gets to the screen."""

from __future__ import annotations

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext

from moedal_gui.app.doctor import Finding

_RENDERER, _VERSION = 0x1F01, 0x1F02


def graphics_finding() -> Finding:
    """What OpenGL says of itself."""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return Finding("OpenGL", "bad", "No OpenGL context can be made; the mosaic cannot be drawn.",
                       "Install the graphics driver, or Mesa's software renderer (libgl1-mesa-dri).")  # fmt: skip
    functions = context.functions()
    renderer, version = str(functions.glGetString(_RENDERER)), str(functions.glGetString(_VERSION))
    context.doneCurrent()
    if "llvmpipe" in renderer.lower() or "software" in renderer.lower():
        return Finding("OpenGL", "warning", f"{renderer}, {version}: drawn by the processor, not by a graphics card.",
                       "It works, only slower. Over remote desktop, VirtualGL or a driver on the server makes it faster.")  # fmt: skip
    return Finding("OpenGL", "good", f"{renderer}, {version}.")
