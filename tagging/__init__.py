# SPDX-License-Identifier: Apache-2.0
"""What is said about people: tag documents, the rule language, evaluation and explanation."""
