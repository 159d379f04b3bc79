"""What the media server asks and tells."""
