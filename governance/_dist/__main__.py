# SPDX-License-Identifier: Apache-2.0
"""The command line: `tagwarden` and `python -m tagwarden`."""

import tagwarden  # noqa: F401  (puts the packages on the path)


def main() -> None:
    """Run the command line; does not return."""
    from governance.cli.app import run  # noqa: PLC0415  (only now are the packages on the path)

    run()


if __name__ == "__main__":
    main()
