"""The shared parts of all commands: the client, options, printing, failures, claims."""
