"""Run the command line as `python -m symgrad`."""

from symgrad.cli import main

if __name__ == "__main__":
    main(prog_name="symgrad")
