"""Dalsegno: durable workflow execution that speaks Conductor's REST API."""

from typing import Final

__version__: Final = "0.1.0"
