"""MindSpore."""

from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before any module here imports MindSpore
