"""What runs in a process of its own: a STEP file becomes a GLB model, its figures and a picture.

The library that does it holds the interpreter lock, can loop for ever and ends its process on damaged files. Nothing
here imports the rest of the server, so that such a process starts quickly and has nothing that it could lose.
"""
