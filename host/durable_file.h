#pragma once

// What the host must still have after a power cut. It protects no secret: all of it is ciphertext
// or signed text.

#include <filesystem>

#include "trusted/base/bytes.h"

namespace gbx::host {

// The names in `folder` are on disk. Thread-safe.
bool sync_folder(const std::filesystem::path& folder);
// `path` holds `bytes`, on disk under that name; false when that is not sure, and then it holds
// what it held before, or `bytes`. One writer of a path at a time.
bool write_durably(const std::filesystem::path& path, ByteView bytes);

}  // namespace gbx::host
