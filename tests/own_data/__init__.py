"""Own data: consents, exports, closing."""
