// An answer file from anybody: what parses prints to the same bytes, and never verifies.

#include "client/query/verify_answer.h"
#include "trusted/crypto/hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;
  const std::string_view text = as_text(ByteView(data, size));
  const auto file = client::parse_answer_file(text);
  if (!file) return 0;
  const std::string again = client::print_answer_file(*file);
  GBX_CHECK(again == (text.ends_with('\n') ? text.substr(0, text.size() - 1) : text));
  // The policy of the corpus is the only one whose members' keys are public.
  const Hash policy = crypto::sha256(as_bytes(file->policy.payload));
  const auto answer = client::VerifiedAnswer::verify(*file, policy, 1);
  if (answer) GBX_CHECK(packet::encode(answer->table()).canonical() == file->result.canonical());
  return 0;
}
