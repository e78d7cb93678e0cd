"""`python -m sutler` is the `sutler` command."""

from sutler.cli.main import main

if __name__ == "__main__":
    main()
