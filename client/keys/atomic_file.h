#pragma once

#include <filesystem>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx::client {

// The whole of a file of at most `size_max` bytes. Fails with not_found (file_missing),
// invalid_argument (file_too_large) or unavailable (file_unreadable).
Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max);

// Replaces `path` by `bytes` or leaves it as it was: a temporary file beside it, synced, then
// renamed. `mode` as for chmod. Fails with unavailable (file_unwritable, disk_full); the temporary
// file is then gone.
Status write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode);

}  // namespace gbx::client
