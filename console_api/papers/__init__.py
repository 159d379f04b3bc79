"""Papers of merchants: handed in, reviewed, watched."""
