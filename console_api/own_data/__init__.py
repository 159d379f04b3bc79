"""The county announces what consumers agree to."""
