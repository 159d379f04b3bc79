"""Live pictures from the cloud: Tencent CSS."""
