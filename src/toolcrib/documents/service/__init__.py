"""What happens to a document: one function per verb.

Each takes the parts it works with, who asks, and the time, and opens its own units of work: looking, asking
the project service and moving bytes come before the one that writes, which takes a turn at the write lock.
"""
