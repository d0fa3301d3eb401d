"""Who is told of what by mail: the log is read once, each event is held against the rules, and mails are queued."""
