"""A notebook is validated without building a grammar that its schema does not ask for; who asks gets the real check."""

from __future__ import annotations

import subprocess
import sys

START = "import sys\nfrom psykanalys.report.quick_start import defer_grammar\ndefer_grammar()\n"


def ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", START + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_reading_and_validating_a_notebook_builds_no_grammar():
    code = "import nbformat\nnbformat.validate(nbformat.v4.new_notebook())\nprint('lark' in sys.modules)"
    assert ran(code) == "False"


def test_an_address_is_checked_by_the_real_grammar():
    code = (
        "from jsonschema import Draft202012Validator as V\n"
        "check = V({'format': 'iri'}, format_checker=V.FORMAT_CHECKER).is_valid\n"
        "print(check('http://åäö.example/å'), check('no address'), 'lark' in sys.modules)"
    )
    assert ran(code) == "True False True"


def test_the_stand_in_is_the_module_in_everything_else():
    code = "import rfc3987_syntax as m\nprint(m.is_valid_syntax('iri', 'http://a.example'), bool(m.parse))"
    assert ran(code) == "True True"


def test_what_is_loaded_already_stays():
    again = "del sys.modules['rfc3987_syntax']\nimport rfc3987_syntax as m\ndefer_grammar()\n"
    assert ran(f"{again}print(sys.modules['rfc3987_syntax'] is m)") == "True"
