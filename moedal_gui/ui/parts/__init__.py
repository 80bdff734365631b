"""Pieces of the window that know the states but are no panel: crops of a pit, the gallery, dialogs."""
