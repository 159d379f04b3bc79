"""The live centre as its hosts work it."""
