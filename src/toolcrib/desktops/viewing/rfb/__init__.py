"""The Remote Framebuffer protocol (RFC 6143, and rfbproto.rst of the TigerVNC project for what came later), as far as a
bridge must understand it: it opens both ends, and reads what passes through message by message."""
