#pragma once

// The image manifest of this build, as the room program itself states it.

#include <filesystem>

#include "trusted/base/json.h"
#include "trusted/base/result.h"

namespace gbx::client {

// What `program --measure` prints. Fails with unavailable (room_program_failed) or as
// Json::parse_canonical() does.
Result<Json> measure_image(const std::filesystem::path& program);

}  // namespace gbx::client
