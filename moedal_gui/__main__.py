"""``python -m moedal_gui``."""

from moedal_gui.cli.main import main

if __name__ == "__main__":
    main()
