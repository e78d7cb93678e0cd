"""The demo: a small Z → µµ campaign from nothing to the mass peak, on this machine."""
