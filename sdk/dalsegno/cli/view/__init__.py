"""How executions and definitions look in a terminal."""
