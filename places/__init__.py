"""Where things are: the divisions of the county, and the sites that stand in them."""
