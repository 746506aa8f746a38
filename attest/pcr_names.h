#pragma once

// The names of claims that come once for each PCR.

#include <array>

#include "trusted/base/result.h"

namespace gbx::attest {

constexpr std::array<Literal, 32> kPcrNames = {
    "pcr_0",  "pcr_1",  "pcr_2",  "pcr_3",  "pcr_4",  "pcr_5",  "pcr_6",  "pcr_7",
    "pcr_8",  "pcr_9",  "pcr_10", "pcr_11", "pcr_12", "pcr_13", "pcr_14", "pcr_15",
    "pcr_16", "pcr_17", "pcr_18", "pcr_19", "pcr_20", "pcr_21", "pcr_22", "pcr_23",
    "pcr_24", "pcr_25", "pcr_26", "pcr_27", "pcr_28", "pcr_29", "pcr_30", "pcr_31"};

}  // namespace gbx::attest
