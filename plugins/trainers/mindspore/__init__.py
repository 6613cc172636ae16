"""MindSpore."""

from prunekit.plugins.backends.mindspore import runtime  # noqa: F401 - before any module here imports MindSpore
