// What a worker that was taken over can answer. The first byte says how many keys and measures the
// task has.

#include "enclave/worker_job.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gbx::sql::Task task;
  task.groups.resize(data[0] & 3);
  task.measures.resize(data[0] >> 2 & 3);
  task.groups_max = 1000;
  const gbx::ByteView answer(data + 1, size - 1);
  const auto rows = gbx::enclave::decode_rows(answer, task);
  if (!rows) return 0;
  // What was understood has one spelling.
  const gbx::Bytes again = gbx::enclave::encode_rows(*rows);
  GBX_CHECK(std::equal(again.begin(), again.end(), answer.begin(), answer.end()));
  return 0;
}
