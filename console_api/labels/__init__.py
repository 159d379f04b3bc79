"""Labels of lots as merchants print them."""
