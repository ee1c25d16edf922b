# SPDX-License-Identifier: Apache-2.0
"""Whether somebody is the person whom they say they are: shown by what only that person can read.

contacts    the ways to reach a person that are on file; opened here and nowhere else
challenges  secrets, of which only keyed digests are kept, and attempts that are counted first
messages    what is sent, to contacts on file only     texts    its words
notices     what all contacts are told, with a way to stop it
mandate     what somebody who acts for another person shows
"""
