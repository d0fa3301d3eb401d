"""Answers of every route, recorded from one commit's server and compared with another's.

`python -m tests.answers record` plays one script of requests against a `toolcrib` command and writes the answers;
`python -m tests.answers compare` shows what differs between two recordings. The script speaks HTTP alone, so the
command may be any commit's.
"""
