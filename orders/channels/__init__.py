"""Orders that were sold elsewhere: on other platforms, or to a group against a bank transfer, recorded by file."""
