#pragma once

// What a preparation leaves: a sealed stream and, beside it, its signed manifest. A kill, a full
// disk or a power cut may come at any moment; what must stay true: under the two names there is the
// older pair, the new pair, or a stream without a manifest, which every reader refuses as a missing
// file. Never one of each.

#include <functional>
#include <optional>
#include <string>

#include "client/keys/atomic_file.h"
#include "trusted/snapshot/stream.h"

namespace gbx::prepare {

class SealedPair final : public snapshot::ChunkSink {
 public:
  static constexpr std::uint64_t kSteps = 4;

  // The stream gets the name `path`, the manifest that and ".json". Throws Failure when the folder
  // cannot be written to.
  explicit SealedPair(const std::string& path);
  // Of the stream.
  Status write(ByteView bytes) noexcept override { return stream_.write(bytes); }
  // Throws Failure, in words, when a write failed.
  void check() const;
  // Puts both on the disk, without their names. Throws Failure.
  void add_manifest(const std::string& text);
  // Removes the older manifest and names the stream, then the manifest. `step` is called with 0
  // before anything, 1 just before the older manifest goes, and so on to kSteps; what it throws
  // stops there. Throws Failure.
  void publish(const std::function<void(std::uint64_t)>& step);

 private:
  client::AtomicFile stream_;
  std::optional<client::AtomicFile> manifest_;
};

// A file for its owner alone, whole or not at all. Throws Failure.
void write_whole(const std::string& path, const std::string& text);

}  // namespace gbx::prepare
