"""The gate before the air: declared by the host, signed by the county."""
