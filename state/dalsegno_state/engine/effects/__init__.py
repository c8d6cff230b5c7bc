"""What system workers do: one module for the effect of each task type."""
