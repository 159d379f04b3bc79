"""The main job, end to end: a purchase in a live session becomes a household's record, to the fen.

It talks to the system as its users do, over HTTP and WebSocket, works every figure out for itself from what it did,
and compares.
"""
