"""Public stories: written by stations and the poverty office, agreed to on paper, published by a second person."""
