"""nginx with the RTMP module, and the ffmpeg processes that read from it."""
