"""The Guacamole protocol (reference in the manual of Apache Guacamole), as far as a tunnel must understand it."""
