"""Measures a local server and the engine in it, beside what they are meant to cost."""
