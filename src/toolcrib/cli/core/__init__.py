"""What the commands of every kind are made of: the client, the options, printing, failures, claims."""
