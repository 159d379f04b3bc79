"""Photographs that prove something: sealed, told apart by what they show, and never served to anybody by an address."""
