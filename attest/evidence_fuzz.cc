#include "attest/verify.h"

// Evidence is hostile. Nothing that a fuzzer finds can verify: it expects a binding that nobody has
// quoted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gbx::attest::Expectation expected;
  expected.min_assurance = "INSECURE-SIM";
  GBX_CHECK(!gbx::attest::verify(gbx::as_text({data, size}), expected));
  return 0;
}
