#pragma once

// The room's ledger on disk: one entry a line, appended and synced before the room hears that it
// was. The host cannot read meaning into entries, and nobody believes it: each entry holds the hash
// of the one before.

#include <filesystem>

#include "enclave/channel.h"

namespace gbx::host {

class Ledger {
 public:
  // Opens or creates `file`. A last line without its end was never acknowledged and is cut off.
  // Throws std::system_error.
  explicit Ledger(const std::filesystem::path& file);

  // True when `entry` is on disk. After one failure the file's end is unknown: every later call
  // fails too. An entry that holds a line end is refused. Not thread-safe.
  bool append(ByteView entry);

 private:
  enclave::Descriptor file_;
  bool broken_ = false;
};

}  // namespace gbx::host
