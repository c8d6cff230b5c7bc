"""``python -m dalsegno.cli``: the command, where its script is not on the path."""

from dalsegno.cli import main

main()
