# SPDX-License-Identifier: Apache-2.0
"""Runs: from events to assignments, through the gate, for all people, for some, or for one."""
