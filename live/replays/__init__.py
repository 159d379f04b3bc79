"""What is kept of a session: its pictures and the files made of them."""
