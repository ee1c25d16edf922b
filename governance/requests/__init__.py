# SPDX-License-Identifier: Apache-2.0
"""What people ask for: received, verified, decided, carried out, answered in time, with proof.

machine     which step may follow which, pure         desk       the steps, each with its evidence
row         a request as it is kept                   executing  what is done when it is granted
days        by when, from the law's clocks            doctor     what each waits for
notices     what people are told                      register   all requests, their figures and proof
proving     how a person shows that a request is theirs
"""
