"""Our own files; the only room that writes them."""
