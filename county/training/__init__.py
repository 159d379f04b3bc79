"""Training, incubation and the staff of the project's sites (domain reference R01 to R08, T07 to T12)."""
