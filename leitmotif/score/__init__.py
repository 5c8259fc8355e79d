"""A film's music as a plan: cues over the film, fitted to the frame, rendered and exported."""
