"""Clocks: what time brings about, found and handed to the engine. A late job never makes an answer wrong."""
