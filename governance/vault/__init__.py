# SPDX-License-Identifier: Apache-2.0
"""Keys, identities and sealed attributes: the one door to who a person is."""
