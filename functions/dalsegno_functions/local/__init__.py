"""The same API in one process: for laptops, tests and newcomers."""
