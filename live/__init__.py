"""The county's live centre: sessions, ingest and playback keys, shelf and pin, the viewers' feed, and the
replay.
"""
