"""Commands for assets: locks on the files of a repository."""
