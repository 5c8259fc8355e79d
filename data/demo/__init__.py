"""The demo: a sample film and a catalogue of tracks, both made by the programs in this folder.

`film.json` and `tracks.csv` beside them hold what is known of them because we set it: cuts and moods
of the film; tempo, key, register, contour, brightness, dynamics of every track.
`python -m data.demo.build` makes everything again.
"""
