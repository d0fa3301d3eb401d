"""Documents: versioned files in the buckets of users, companies and projects."""
