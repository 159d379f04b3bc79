"""What a household reads behind the private code of its statement."""
