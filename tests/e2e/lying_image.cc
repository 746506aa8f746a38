// A room that lies: it runs like glovebox-room, and whatever it was started from, it claims the
// image whose digest stands in the last 32 bytes of its own file. Linked in place of
// enclave/sealed_image.cc into the program lying_room, for tests.

#include <unistd.h>

#include <fstream>

#include "enclave/sealed_image.h"

namespace gbx::enclave {

// The names are the honest ones: the worker must find its loader and libraries.
Result<InheritedImage> inherited_image() {
  std::ifstream own("/proc/self/exe", std::ios::binary);
  InheritedImage out;
  own.seekg(-static_cast<std::streamoff>(out.digest.size()), std::ios::end);
  own.read(reinterpret_cast<char*>(out.digest.data()), out.digest.size());
  const Descriptor file(kManifestDescriptor);
  Bytes text(attest::kImageManifestBytesMax);
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  if (!own || size <= 0) return Error{ErrorCode::unavailable, "image_unreadable"};
  text.resize(static_cast<std::size_t>(size));
  GBX_TRY_ASSIGN(const Json manifest, Json::parse_canonical(as_text(text)));
  GBX_TRY_ASSIGN(const auto files, attest::decode_image_manifest(manifest));
  for (const attest::ImageFile& named : files) out.names.push_back(named.name);
  return out;
}

}  // namespace gbx::enclave
