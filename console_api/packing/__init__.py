"""Lots of what is packed: bound afterwards, proposed and confirmed by the wave."""
