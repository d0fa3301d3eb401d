"""The rules of documents: one function for each verb.

Each takes the services it uses, the caller, and the time, and opens its own transactions. Reading, asking the project
service and transferring content come before the transaction that writes, which waits for the write lock.
"""
