"""What answers requests, messages and timers: the Lambda handlers and the local server."""
