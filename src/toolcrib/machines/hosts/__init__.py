"""The pool's hosts: accounts on them, made and removed over SSH. Knows no database, claims or HTTP."""
