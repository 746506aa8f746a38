// The seeds of the fuzz targets are synthetic evidence of each platform; made anew with
// GLOVEBOX_BLESS=1, otherwise held to be readable still.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "attest/testing/dcap_maker.h"
#include "attest/testing/snp_maker.h"
#include "tests/spec/examples.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;

std::filesystem::path folder(const char* target) {
  return std::filesystem::path(GBX_SOURCE_DIR "/tests/fuzz") / target;
}

bool is_blessing() {
  const char* bless = std::getenv("GLOVEBOX_BLESS");  // NOLINT(concurrency-mt-unsafe)
  return bless != nullptr && std::string(bless) == "1";
}

void write(const std::filesystem::path& path, ByteView bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  const std::string_view text = as_text(bytes);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::vector<std::pair<std::string, MadeEvidence>> seeds() {
  return {{"snp", testing::SnpMaker().make()},
          {"snp-turin-vlek", testing::SnpMaker(SnpProduct::turin, SnpKeyKind::vlek).make()},
          {"sgx", testing::DcapMaker(3).make()},
          {"tdx-4", testing::DcapMaker(4).make()},
          {"tdx-5", testing::DcapMaker(5).make()}};
}

TEST(FuzzSeeds, EvidenceIsReadToItsEnd) {
  for (const auto& [name, made] : seeds()) {
    const std::filesystem::path path = folder("evidence_files") / name;
    if (is_blessing()) {
      Writer writer;
      writer.u8(static_cast<std::uint8_t>(made.platform));
      writer.block(made.evidence);
      writer.block(made.chain);
      writer.block(made.collateral);
      write(path, writer.bytes());
    }
    std::ifstream in(path, std::ios::binary);
    const Bytes bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    Reader reader(bytes);
    EXPECT_EQ(reader.u8(), static_cast<std::uint8_t>(made.platform)) << name;
    const ByteView evidence = reader.block(bytes.size());
    const ByteView chain = reader.block(bytes.size());
    const ByteView collateral = reader.block(bytes.size());
    ASSERT_TRUE(reader.done()) << name;
    const Verdict verdict =
        verify_evidence({made.platform, evidence, chain, collateral}, made.trust, made.expected);
    // Made by other keys, so of another root; all else is right.
    EXPECT_EQ(testing::reasons_of(verdict), is_blessing() ? "" : "root_not_pinned") << name;
  }
}

TEST(FuzzSeeds, TrustPolicyIsThePage) {
  const std::string text = spec::examples("trust-policy.md").front().canonical();
  const std::filesystem::path path = folder("trust_policy") / "page.json";
  if (is_blessing()) write(path, as_bytes(text));
  std::ifstream in(path, std::ios::binary);
  const std::string seed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(seed, text);
}

}  // namespace
}  // namespace gbx::attest
