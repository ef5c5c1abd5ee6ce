"""``python -m hoofbeat`` is the command ``hoofbeat``."""

from hoofbeat.cli.main import main

if __name__ == "__main__":
    main()
