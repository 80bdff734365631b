"""What people put right by hand, from the journal to the tables and back."""
