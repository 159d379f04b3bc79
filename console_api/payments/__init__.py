"""Bills and their differences, held payments and abnormal refunds, for the county's office and auditors."""
