"""Git LFS: the locking API and the object store, as the standard `git lfs` client uses them."""
