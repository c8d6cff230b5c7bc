"""The engine: a pure decider, its task types, the ports it needs, their adapters."""
