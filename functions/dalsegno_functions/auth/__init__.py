"""Access keys: who calls the API, and what each role may do with it."""
