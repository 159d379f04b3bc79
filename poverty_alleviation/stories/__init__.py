"""Who is in a public story, and what each of them has agreed to (domain reference 5, must 2)."""
