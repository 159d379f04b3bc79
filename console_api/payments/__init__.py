"""Bills and their differences, for the county's office and auditors."""
