# SPDX-License-Identifier: Apache-2.0
"""Models of people: a document, a training, a trial at a later time, a card, a tag."""
