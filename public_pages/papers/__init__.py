"""What the code on a printed paper is checked by."""
