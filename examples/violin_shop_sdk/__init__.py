"""The violin shop once more, written with Dalsegno's own SDK."""
