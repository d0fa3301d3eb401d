"""Mechanical parts: from review to the finished part, on the claim engine."""
