#include "attest/launch_events.h"

#include <algorithm>

#include "trusted/base/hidden.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kMalformed = "image_manifest_malformed";
constexpr std::size_t kNameBytesMax = 64;

}  // namespace

Result<std::vector<ImageFile>> decode_image_manifest(const Json& manifest) {
  Fields fields(manifest, kMalformed);
  fields.integer("format", 1, 1);
  std::vector<ImageFile> out;
  for (const Json& item : fields.array("files", kImageFilesMax)) {
    Fields file(item, kMalformed);
    ImageFile next{file.text("name", kNameBytesMax), file.hex_array<32>("sha256")};
    GBX_TRY(file.finish());
    const auto same = [&](const ImageFile& known) { return known.name == next.name; };
    // Shown to who decides whether to believe it.
    const bool named = !next.name.empty() && is_printable(next.name);
    if (!named || std::any_of(out.begin(), out.end(), same)) fields.fail();
    out.push_back(std::move(next));
  }
  if (out.empty()) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

Result<std::vector<Measured>> launch_events(const Json& manifest) {
  GBX_TRY_ASSIGN(const std::vector<ImageFile> files, decode_image_manifest(manifest));
  std::vector<Measured> out;
  for (const ImageFile& file : files) out.push_back({kImagePcr, file.sha256, file.name});
  const std::string text = manifest.canonical();
  out.push_back({kImagePcr, crypto::sha256(as_bytes(text)), text});
  return out;
}

}  // namespace gbx::attest
