"""A library of one's own films that can be asked with a picture: which film, and where in it?"""
