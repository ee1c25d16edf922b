# SPDX-License-Identifier: Apache-2.0
"""How the catalogue changes: plan → review → apply, and what becomes of a tag afterwards."""
