"""The four scenes of the sample film; each shot is a function of time that draws one picture."""
