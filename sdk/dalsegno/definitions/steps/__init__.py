"""Steps: functions that make the tasks of a definition, a file per family."""
