"""The county's office: complaints and their clocks, take-downs, and whatever else reads every room."""
