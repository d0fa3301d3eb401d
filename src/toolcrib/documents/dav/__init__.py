"""Documents over WebDAV (RFC 4918, classes 1 and 2), below `/dav`.

WsgiDAV parses the protocol; the same service functions that the REST routes call do the work. WsgiDAV is synchronous
and runs in a few threads. These never handle file content: uploads and downloads stream on the event loop.
"""
