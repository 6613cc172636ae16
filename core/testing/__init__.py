"""What pack authors test their components with."""
