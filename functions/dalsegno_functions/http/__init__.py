"""A router for API Gateway's HTTP events (payload format 2.0), free of state per request."""
