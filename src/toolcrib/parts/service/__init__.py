"""What happens with parts: one function for each verb."""
