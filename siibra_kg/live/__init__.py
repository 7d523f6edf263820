"""Services that are asked when a user asks for their data, and never before: one client for each."""
