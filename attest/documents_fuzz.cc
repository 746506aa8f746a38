#include <algorithm>

#include "attest/event_log.h"
#include "attest/hcl.h"
#include "attest/nitro_document.h"
#include "attest/tdx_event_log.h"
#include "attest/tpm_evidence.h"
#include "attest/trust_policy.h"

namespace gbx::attest {
namespace {

// What can be read has one spelling, so it is printed as it came.
void read_files(ByteView bytes) {
  if (const auto file = parse_tpm_file(bytes)) GBX_CHECK(print_tpm_file(*file) == as_text(bytes));
  if (const auto blob = parse_hcl_blob(bytes)) {
    GBX_CHECK(blob->report.size() + blob->runtime.size() < bytes.size());
    static_cast<void>(parse_hcl_runtime(blob->runtime));
  }
  static_cast<void>(parse_hcl_runtime(bytes));
  if (const auto message = parse_cose_sign1(bytes)) {
    GBX_CHECK(cose_signed_bytes(*message).size() > message->payload.size());
    static_cast<void>(parse_nitro_document(message->payload));
  }
  if (const auto value = Cbor::parse(bytes)) GBX_CHECK(*value == *Cbor::parse(bytes));
  static_cast<void>(parse_nitro_document(bytes));
}

void read_tpm(ByteView bytes) {
  static_cast<void>(parse_tpm_quote(bytes));
  static_cast<void>(parse_tpm_signature(bytes));
  if (const auto key = parse_tpm_public(bytes)) static_cast<void>(verifying_key(*key));
  if (const auto log = replay_event_log(bytes, TpmAlgorithm::sha256)) {
    GBX_CHECK(log->events.empty() == (log->touched == 0));
  }
}

void read_domain(ByteView bytes) {
  if (const auto log = replay_domain_log(bytes)) {
    GBX_CHECK(log->size <= bytes.size());
    // Filler is nothing: without it the log says the same.
    GBX_CHECK(replay_domain_log(bytes.first(log->size))->rtmrs == log->rtmrs);
  }
  const auto split = split_domain_collateral(bytes);
  if (!split || !split->log || split->log->empty()) return;
  const Bytes joined = join_domain_collateral(split->intel, *split->log);
  GBX_CHECK(std::equal(joined.begin(), joined.end(), bytes.begin(), bytes.end()));
  static_cast<void>(replay_domain_log(*split->log));
}

}  // namespace
}  // namespace gbx::attest

// Documents of enclaves, TPMs and paravisors are hostile. Whatever a fuzzer finds, nothing of it is
// believed under a trust policy that names nobody.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gbx::attest::Platform;
  const gbx::ByteView bytes{data, size};
  gbx::attest::read_files(bytes);
  gbx::attest::read_tpm(bytes);
  gbx::attest::read_domain(bytes);
  gbx::attest::Expected expected;
  expected.binding.assign(32, 1);
  expected.now = 1'800'000'000;
  gbx::attest::TrustPolicy nobody;
  nobody.min_assurance = gbx::attest::Assurance::insecure_sim;
  for (const Platform platform : {Platform::tpm, Platform::nitro, Platform::azure}) {
    const auto verdict =
        gbx::attest::verify_evidence({platform, bytes, bytes, bytes}, nobody, expected);
    GBX_CHECK(!verdict.ok() && !verdict.reasons().empty());
  }
  return 0;
}
