"""The books once more, from what they were told and from the records that it names (decision 0051)."""
