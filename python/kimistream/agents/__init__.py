"""Conversations and runs of tools: procedures of several requests, and what a user sees of them."""
