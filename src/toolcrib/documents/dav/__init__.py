"""Documents over WebDAV (RFC 4918, classes 1 and 2), below `/dav`.

WsgiDAV reads the protocol; what happens is decided by the same service functions that the REST routes call. It runs
in a few threads, which never touch bytes: uploads and downloads stream on the server's own loop.
"""
