"""A notebook is validated without building a grammar that its schema does not ask for; who asks gets the real check."""

from __future__ import annotations

import subprocess
import sys

START = "import sys\nfrom psykanalys.report.quick_start import defer\ndefer()\n"


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
    again = "del sys.modules['rfc3987_syntax']\nimport rfc3987_syntax as m\ndefer()\n"
    assert ran(f"{again}print(sys.modules['rfc3987_syntax'] is m)") == "True"


def test_selectors_are_loaded_when_somebody_selects():
    code = (
        "import bs4\nsoup = bs4.BeautifulSoup('<p class=a>å</p>', 'html.parser')\n"
        "print('soupsieve.css_match' in sys.modules, soup.select_one('p.a').text, 'soupsieve.css_match' in sys.modules)"
    )
    assert ran(code) == "False å True"


def test_matplotlib_writes_no_property_lists_while_it_is_imported():
    code = (
        "from psykanalys.report.quick_start import without_property_lists\n"
        "with without_property_lists():\n    from matplotlib.lines import Line2D\n"
        "class Own(Line2D): pass\n"
        "print('drawstyle' in Line2D.set.__doc__, 'drawstyle' in Own.set.__doc__, Line2D([0], [0], lw=3).get_lw())"
    )
    assert ran(code) == "False True 3.0"
