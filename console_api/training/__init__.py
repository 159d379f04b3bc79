"""Training, incubation and staff on the console."""
