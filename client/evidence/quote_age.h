#pragma once

// How old a quote is, by a clock that somebody vouches for. A quote says no time of day, but what
// its TPM's own clock showed: a newer quote by the same key, without a restart between them, says
// how long ago the older one was made. The host writes both files; what must stay true: no age
// comes of evidence that is not believed, of two TPMs, or across a restart, where the clock may
// have been set back.
//
// Source: TCG TPM 2.0 Library, Part 1, 36 (clock) and Part 2, 10.11 (TPMS_CLOCK_INFO).

#include "client/evidence/check_evidence.h"

namespace gbx::client {

// In milliseconds. Both must have been verified, the newer one over a fresh nonce: then it was made
// after that nonce, and the older one at least this long before. Fails with unverified: the first
// reason against either; quote_clock_missing (not of a TPM), quote_of_another_key,
// quote_clock_restarted (other counts of starts, or a clock that went back). Between starts the
// clock only goes forward, also where it is not "safe", which says that it may have gone back at
// the last start. Whoever owns the TPM can set it forward, which makes quotes older and not newer,
// and slow it down (TPM2_ClockRateAdjust) to about two thirds: so true ages are up to half more.
// Pure and thread-safe.
Result<std::int64_t> quote_age_ms(const EvidenceAnswer& older, const EvidenceAnswer& newer);

}  // namespace gbx::client
