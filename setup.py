"""Names the packages of the four folders, so that none is missed; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("core", "plugins", "registry", "model_zoo")
found = [f"prunekit.{room}{'.' + sub if sub else ''}" for room in ROOMS for sub in ["", *find_packages(room)]]
setup(packages=["prunekit", "prunekit.examples", *(name for name in found if name != "prunekit.core._package")])
