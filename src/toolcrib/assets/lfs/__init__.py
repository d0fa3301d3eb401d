"""Git LFS: the locking API and the object store, as the stock `git lfs` client speaks to them."""
