"""How the county comes to recognise a product, from the application to the recommendation (domain reference 2.4)."""
