"""What each kind of operator does to channel labels."""
