#pragma once

// For tests: which files this program has had synced to disk.

#include <filesystem>

namespace gbx::host {

// True when what was opened under `path` has been synced since the start of the program.
bool was_synced(const std::filesystem::path& path);

}  // namespace gbx::host
