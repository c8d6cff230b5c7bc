"""Durable workflows, and the workers that do their tasks."""
