"""`python -m harness COMMAND …`"""

import sys

if sys.version_info < (3, 11):
    sys.exit("harness: Python 3.11 or newer is needed, this is " + sys.version.split()[0])

try:
    from harness.commands import main

    code = main(sys.argv[1:])
except KeyboardInterrupt:
    code = 130
sys.exit(code)
