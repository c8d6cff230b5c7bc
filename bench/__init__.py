"""Measures a local server, and what the engine uses on AWS, beside what both are meant to cost."""
