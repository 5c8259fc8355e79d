"""Pictures and tracks brought together by ffmpeg."""
