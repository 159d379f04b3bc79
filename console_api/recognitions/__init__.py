"""Ways to a recognition, over HTTP."""
