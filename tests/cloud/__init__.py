"""A cloud as strict as AWS, laid around the emulators, which allow everything."""
