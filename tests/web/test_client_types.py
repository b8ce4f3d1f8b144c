"""The types of window.consentkit, as a TypeScript compiler reads them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from consentkit.web.client import FOLDER

ROOT = Path(__file__).parents[2]
TSC = os.environ.get("TSC") or shutil.which("tsc") or ROOT / ".venv/types/node_modules/.bin/tsc"
TYPES = FOLDER / "consentkit.d.ts"
SAMPLE = re.search(
    r'^```ts title="sample.ts"\n(.*?)^```$',
    (ROOT / "docs" / "reference" / "javascript.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)


def test_the_types_compile_with_the_sample_and_refuse_what_is_wrong(tmp_path: Path) -> None:
    if not Path(TSC).exists():
        pytest.skip("no TypeScript: npm install --prefix .venv/types typescript, or TSC=<path of tsc>")
    (tmp_path / "consentkit.d.ts").write_text(TYPES.read_text("utf-8"), "utf-8")
    assert SAMPLE
    (tmp_path / "sample.ts").write_text(SAMPLE[1], "utf-8")
    wrong = [
        "window.consentkit.on('changed', () => {});",
        "window.consentkit.state.granted.push('marketing');",
        "window.consentkit.allows();",
        "window.consentkit.save({ purposes: 1 });",
        "document.addEventListener('consentkit:change', ({ detail }) => detail.nothing);",
    ]
    for number, line in enumerate(wrong):
        text = f'/// <reference path="./consentkit.d.ts" />\n// @ts-expect-error\n{line}\nexport {{}};\n'
        (tmp_path / f"wrong{number}.ts").write_text(text, "utf-8")
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "esnext"]

    done = subprocess.run(
        [TSC, *options, *map(str, sorted(tmp_path.glob("*.ts")))], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""
    assert done.returncode == 0
