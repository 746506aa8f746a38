#pragma once

// What a measured start leaves in register 14 of a TPM: the digest of each file of the image, in
// the order of its manifest, then the digest of the manifest, which is the image digest. The
// manifest comes from a host that may write anything into it; only its digest, replayed to a quoted
// register, means something. docs/spec/evidence.md#register-14.

#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/base/result.h"

namespace gbx::attest {

constexpr unsigned kImagePcr = 14;
constexpr std::size_t kImageFilesMax = 16;
constexpr std::size_t kImageManifestBytesMax = 8192;

struct ImageFile {
  std::string name;
  Hash sha256{};
};

// The files of a manifest {"files": [{"name", "sha256"}], "format": 1}: 1 to kImageFilesMax of
// names that differ. Fails with invalid_argument (image_manifest_malformed).
Result<std::vector<ImageFile>> decode_image_manifest(const Json& manifest);

// One extension of a register of the bank sha256.
struct Measured {
  std::uint32_t pcr = 0;
  Hash digest{};
  std::string what;  // for people
};

// The extensions, in order. Fails as decode_image_manifest() does.
Result<std::vector<Measured>> launch_events(const Json& manifest);

}  // namespace gbx::attest
