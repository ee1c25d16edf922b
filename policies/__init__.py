# SPDX-License-Identifier: Apache-2.0
"""By which rules: vocabulary, packs as data, and the pure decision."""
