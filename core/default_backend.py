"""The backend of a yml that names none; a module of its own, so that a command may know it without reading ymls."""

DEFAULT_BACKEND = "pytorch"
