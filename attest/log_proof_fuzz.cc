// Keys, checkpoints and proofs of a log: what is read is printed in the same bytes, and nothing is
// proven by whoever does not have the log's key.

#include <algorithm>

#include "attest/logged_image.h"

namespace {

// Of RFC 8032 section 7.1, test 1: it has signed no checkpoint.
gbx::attest::LogKey a_key_of_nobody() {
  const gbx::Bytes bytes =
      gbx::from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").value();
  gbx::attest::LogKey out{"example.com/images", {}};
  std::copy(bytes.begin(), bytes.end(), out.key.begin());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;  // NOLINT(google-build-using-namespace): one function
  const std::string_view text = as_text({data, size});
  if (const auto key = attest::parse_log_key(text)) {
    GBX_CHECK(attest::print_log_key(*key) == text);
  }
  const attest::LogKey nobody = a_key_of_nobody();
  if (const auto checkpoint = attest::read_checkpoint(text)) {
    GBX_CHECK(attest::is_log_origin(checkpoint->origin) && checkpoint->size <= attest::kLogSizeMax);
    GBX_CHECK(!attest::verify_checkpoint(text, nobody));
  }
  if (const auto proof = attest::parse_inclusion_proof(text)) {
    GBX_CHECK(attest::print_inclusion_proof(*proof) == text);
    GBX_CHECK(proof->path.size() <= attest::kLogPathMax);
    GBX_CHECK(!attest::verify_inclusion(text, nobody, as_bytes("entry")));
  }
  if (const auto manifest = attest::read_image_log_entry(text)) {
    GBX_CHECK(attest::image_log_entry(*manifest).value() == text);
  }
  return 0;
}
