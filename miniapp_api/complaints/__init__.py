"""A consumer complains to the county, and talks to customer service about an order."""
