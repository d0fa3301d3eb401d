"""Commands that run on the server's machine: serve, worker, db, admin, storage."""
