"""What pyproject.toml cannot say: a wheel keeps the four packages under `leitmotif.`.

In the folder they stand at the top, where everybody finds them. Installed beside somebody's own
`data` or `features.py` those names would be taken, so the wheel moves them and their imports.
"""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

INNER = ("data", "features", "matcher", "recommender", "match_audio", "streamlit_app")
_NAMES = "|".join(INNER)
_FROM = re.compile(rf"^(\s*from )({_NAMES})(?=[. ])", re.MULTILINE)
_IMPORT = re.compile(rf"^(\s*)import ({_NAMES})$", re.MULTILINE)


def under_leitmotif(source):
    """A module's text with its imports of the inner packages as the wheel has them."""
    return _IMPORT.sub(r"\1from leitmotif import \2", _FROM.sub(r"\1leitmotif.\2", source))


class BuildUnderLeitmotif(build_py):
    def run(self):
        if self.editable_mode:
            return super().run()
        shutil.rmtree(self.build_lib, ignore_errors=True)  # an older build's modules would go along
        super().run()
        self.move(Path(self.build_lib))

    def move(self, lib):
        for name in INNER:
            for path in (lib / name, lib / f"{name}.py"):
                if path.exists():
                    path.rename(lib / "leitmotif" / path.name)
        for path in (lib / "leitmotif").rglob("*.py"):
            path.write_text(under_leitmotif(path.read_text("utf-8")), "utf-8", newline="\n")
        page = lib / "leitmotif" / ".streamlit"
        page.mkdir(exist_ok=True)
        self.copy_file(".streamlit/config.toml", str(page / "config.toml"))


setup(cmdclass={"build_py": BuildUnderLeitmotif})
