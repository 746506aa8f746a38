// Bytes from the channel to a worker: a refusal, or a task that prints as the same bytes and
// renders.

#include <cstdint>

#include "engine/duckdb/render.h"
#include "trusted/sql/task_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = gbx::as_text({data, size});
  const auto task = gbx::sql::decode_task(bytes);
  if (!task) return 0;
  GBX_CHECK(gbx::sql::encode_task(*task) == bytes);
  GBX_CHECK(!gbx::engine::render_partials(*task).empty());
  return 0;
}
