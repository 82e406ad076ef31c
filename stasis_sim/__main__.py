"""The command line of the Python that is named, whatever is on the PATH: ``python -m stasis_sim``."""

from stasis_sim.cli import main

if __name__ == "__main__":
    main()
