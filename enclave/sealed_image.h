#pragma once

// The image of a room in memory that nobody can write any more: memory files, sealed, then hashed,
// so that what was hashed is what runs. glovebox-launch makes it and hands it to the room as
// descriptors: the manifest as kManifestDescriptor, then its files in their order.
//
// Whoever can write the files on disk decides what is read, once; from the seal on nobody does.

#include "attest/launch_events.h"
#include "enclave/channel.h"
#include "enclave/image.h"

namespace gbx::enclave {

constexpr int kManifestDescriptor = 5;
constexpr int kImageDescriptor = 6;
constexpr std::uint64_t kImageFileBytesMax = std::uint64_t{1} << 30;

struct SealedImage {
  Json manifest;
  Descriptor manifest_file;       // its canonical form
  std::vector<Descriptor> files;  // in the order of the manifest
};

// Reads each file once. Fails with unavailable (image_unreadable, also for a file of more than
// kImageFileBytesMax; image_not_sealed when this kernel cannot).
Result<SealedImage> seal_image(const ImageFiles& files);

// What a room was handed.
struct InheritedImage {
  Hash digest{};
  std::vector<std::string> names;  // of the files from kImageDescriptor on
};

// Of a process that glovebox-launch has started, before it opens anything. That the files are those
// of the manifest is the launcher's word, which register 14 holds. Takes the manifest's descriptor.
// Fails with unavailable (image_not_sealed, image_unreadable) or as decode_image_manifest() does.
Result<InheritedImage> inherited_image();

}  // namespace gbx::enclave
