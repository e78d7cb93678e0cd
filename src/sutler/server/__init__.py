"""The composition root: settings → database → rooms → doors → one ASGI application and the loops."""
