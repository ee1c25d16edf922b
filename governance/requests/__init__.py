# SPDX-License-Identifier: Apache-2.0
"""What people ask for: received, verified, decided, carried out, answered in time, with proof.

machine     which step may follow which, pure         desk       what comes in, and who decides
row         a request as it is kept                   moving     a step, its row, its evidence
days        by when, from the law's clocks            timing     more time, holds, what expires
target      what a request is about                   executing  what is done when it is granted
notices     what people are told                      erasing    deletions, from preview to certificate
doctor      what each waits for, and who must act     register   all requests, kept and missed
metrics     the figures of a year                     proof      the evidence of one, for anybody
proving     that it is the person who asks            reading    as officers look at them
keeping     how long they are kept                    printing   rows, CSV, page; words: their words
recounting  other days, when a calendar becomes known announcing whether the person hears of a deletion
"""
