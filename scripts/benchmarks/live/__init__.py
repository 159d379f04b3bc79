"""``scripts/bench live``: the live centre under a real media server, real pictures and real viewers."""
