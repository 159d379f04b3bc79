"""Pictures that staff hands in or looks at."""
