"""Reviews as merchants answer them and the county watches over them."""
