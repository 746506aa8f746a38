#pragma once

// What an AWS Nitro enclave will report in its registers, computed from the image file (EIF) that
// it is started from. Whoever made the file controls every byte; what must stay true: the values
// are those of this file read in the one way that AWS's tools write it, or there are none.
//
// Source: aws-nitro-enclaves-image-format, version 4 of the format. All numbers are big-endian.

#include <vector>

#include "attest/platform_trust.h"

namespace gbx::client {

constexpr std::size_t kEifBytesMax = std::size_t{1} << 30;

// PCR 0 (kernel, command line, all RAM disks), 1 (kernel, command line, the first RAM disk) and 2
// (the other RAM disks): SHA-384 over 48 zeros and the SHA-384 of what they are of. PCR 3, 4 and 8,
// of the instance and of who signed the image, do not follow from these parts. Fails with
// invalid_argument (eif_malformed). Pure and thread-safe.
Result<std::vector<attest::PcrValue>> pcrs_of_eif(ByteView image);

}  // namespace gbx::client
