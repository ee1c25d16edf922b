# SPDX-License-Identifier: Apache-2.0
"""Examination of tags from counts alone: rates, leaks, prices, drift, and reports safe to show.

Whoever builds a cube touches people; everything here gets integers and touches nobody.
"""
