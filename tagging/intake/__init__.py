# SPDX-License-Identifier: Apache-2.0
"""The engine side of intake: reading, cleaning, proposing; knows no people and no store."""
