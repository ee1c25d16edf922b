# SPDX-License-Identifier: Apache-2.0
"""The privacy budget: what releases may say about anybody, and a ledger that stays right.

A charge is committed before the first read of data, counts for ever, and is never given back. The sum
of rho (zCDP) has a hard stop: that is a valid filter even when analysts choose each epsilon after they
have seen earlier results (Feldman and Zrnic 2021; Whitehouse et al. 2023).
"""
