"""Examples: each folder is one, with a README of its own."""
