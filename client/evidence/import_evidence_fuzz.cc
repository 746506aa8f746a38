#include "client/evidence/check_evidence.h"
#include "client/evidence/text_forms.h"

// What somebody hands over as evidence, in any form: never a yes without a trust policy, whatever
// it is brought into.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gbx::attest::Platform;
  const gbx::Bytes bytes(data, data + size);
  static_cast<void>(gbx::client::read_evidence_packet(gbx::as_text(bytes)));
  for (const Platform platform : gbx::attest::kPlatforms) {
    gbx::client::EvidenceQuestion question;
    question.file = {platform, bytes, {}, bytes};
    gbx::client::append_chain(question.file.chain, bytes);
    gbx::client::append_chain(question.file.chain, bytes);
    question.nonce = gbx::Bytes{1};
    question.now = 1'800'000'000;
    const auto answer = gbx::client::check_evidence(question);
    GBX_CHECK(answer.has_value() && !answer->ok());
  }
  return 0;
}
