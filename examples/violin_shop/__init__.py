"""The violin shop: orders that survive flaky payments, long waits and a killed server."""
