// For parsers_test.py: reads evidence from standard input, each as a u32 length and a container (a
// byte for the platform, then evidence, chain and collateral as blocks), and prints one verdict a
// line. The trust policy trusts nothing: what matters are the claims and what cannot be read.

#include <iostream>
#include <iterator>

#include "attest/trust_policy.h"

namespace {

std::string claims_of(gbx::ByteView container) {
  gbx::Reader reader(container);
  gbx::attest::EvidenceFiles files;
  files.platform = gbx::attest::kPlatforms[reader.u8() % std::size(gbx::attest::kPlatforms)];
  files.evidence = reader.block(container.size());
  files.chain = reader.block(container.size());
  files.collateral = reader.block(container.size());
  gbx::attest::Expected expected;
  expected.binding.assign(64, 1);
  expected.now = 1'800'000'000;
  const auto verdict = gbx::attest::verify_evidence(files, {}, expected);
  return gbx::attest::encode_verdict(verdict, files.platform).canonical();
}

}  // namespace

int main() {
  const std::string all((std::istreambuf_iterator<char>(std::cin)),
                        std::istreambuf_iterator<char>());
  gbx::Reader reader(gbx::as_bytes(all));
  while (reader.left() > 0 && !reader.failed()) {
    std::cout << claims_of(reader.block(all.size())) << '\n';
  }
  return reader.done() ? 0 : 1;
}
