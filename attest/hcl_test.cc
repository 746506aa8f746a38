#include "attest/hcl.h"

#include <gtest/gtest.h>

#include "attest/testing/made_evidence.h"
#include "attest/testing/test_chain.h"

namespace gbx::attest::testing {
namespace {

constexpr const char* kRuntime =
    R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":"qR7LqA"},)"
    R"({"kid":"HCLEkPub","kty":"RSA","e":"AQAB","n":"xUTL"}],"vm-configuration":{)"
    R"("console-enabled":false,"secure-boot":true,"tpm-enabled":true,)"
    R"("vmUniqueId":"911B0EF8-9DBA-48B0-B275-4E4DF2D39252"},"user-data":")";

std::string runtime() { return kRuntime + std::string(128, '0') + "\"}"; }

struct BlobMaker {
  std::string signature = "HCLA";
  std::uint32_t version = 1;
  std::uint32_t request = 2;
  std::uint32_t runtime_version = 1;
  std::uint32_t report_type = 2;
  std::uint32_t hash_type = 1;
  std::uint32_t size_added = 0;  // to what it should be
  std::uint32_t reserved = 0;
  std::uint32_t padding = 0;
  Bytes report = Bytes(1184, 7);

  [[nodiscard]] Bytes make() const {
    const std::string json = runtime();
    const auto size = static_cast<std::uint32_t>(json.size());
    Writer out;
    out.raw(as_bytes(signature));
    out.u32(version);
    out.u32(32 + 1184 + 20 + size);
    out.u32(request);
    for (int i = 0; i < 4; i++) out.u32(reserved);
    out.raw(report);
    out.u32(20 + size + size_added);
    out.u32(runtime_version);
    out.u32(report_type);
    out.u32(hash_type);
    out.u32(size);
    out.raw(as_bytes(json));
    out.u32(0);
    out.u32(padding);
    return out.take();
  }
};

TEST(HclBlob, Form) {
  const Bytes blob = BlobMaker().make();
  const HclBlob parsed = parse_hcl_blob(blob).value();
  EXPECT_EQ(parsed.kind, HclReportKind::snp);
  EXPECT_EQ(parsed.report.size(), 1184U);
  EXPECT_EQ(as_text(parsed.runtime), runtime());
  for (std::size_t size = 0; size < blob.size() - 8; size++) {
    EXPECT_FALSE(parse_hcl_blob(ByteView(blob).first(size))) << size;
  }
  BlobMaker tdx;
  tdx.report_type = 4;
  tdx.report.resize(1024);
  tdx.report.resize(1184, 0);
  const Bytes td = tdx.make();
  EXPECT_EQ(parse_hcl_blob(td)->report.size(), 1024U);
}

TEST(HclBlob, Refusals) {
  const auto refusal = [](const BlobMaker& maker) {
    const Bytes blob = maker.make();
    const auto parsed = parse_hcl_blob(blob);
    return parsed ? "none" : std::string(parsed.error().reason.view());
  };
  EXPECT_EQ(refusal({.signature = "HCLB"}), "hcl_malformed");
  EXPECT_EQ(refusal({.version = 3}), "hcl_version_unknown");
  EXPECT_EQ(refusal({.version = 2}), "none");
  EXPECT_EQ(refusal({.request = 1}), "hcl_malformed");
  EXPECT_EQ(refusal({.runtime_version = 2}), "hcl_version_unknown");
  EXPECT_EQ(refusal({.report_type = 3}), "hcl_report_type_unknown");
  EXPECT_EQ(refusal({.report_type = 4}), "hcl_malformed");  // what follows a TD report is zero
  EXPECT_EQ(refusal({.hash_type = 2}), "hcl_hash_not_allowed");
  EXPECT_EQ(refusal({.size_added = 1}), "hcl_malformed");
  EXPECT_EQ(refusal({.reserved = 1}), "hcl_malformed");
  EXPECT_EQ(refusal({.padding = 1}), "hcl_malformed");
}

TEST(HclRuntime, Members) {
  const HclRuntime parsed = parse_hcl_runtime(as_bytes(runtime())).value();
  EXPECT_EQ(to_hex(parsed.ak_modulus), "a91ecba8");
  EXPECT_EQ(parsed.ak_exponent, 65537U);
  EXPECT_EQ(parsed.secure_boot, true);
  EXPECT_EQ(parsed.tpm_enabled, true);
  EXPECT_EQ(parsed.console_enabled, false);
  EXPECT_EQ(parsed.vm_id, "911b0ef8-9dba-48b0-b275-4e4df2d39252");
  EXPECT_EQ(parsed.user_data, Bytes(64, 0));
}

TEST(HclRuntime, Refusals) {
  const std::pair<std::string, std::string> changes[] = {
      {"HCLAkPub", "HCLEkPub"},  // none of that name
      {"HCLEkPub", "HCLAkPub"},  // two of them
      {"\"kty\":\"RSA\"", "\"kty\":\"EC\""},
      {"\"e\":\"AQAB\"", "\"e\":\"AQABAQAB\""},
      {"\"n\":\"qR7LqA\"", "\"n\":\"\""},
      {"\"n\":\"qR7LqA\"", "\"n\":\"qR7LqA==\""},
      {"\"n\":\"qR7LqA\"", "\"n\":\"qR7+qA\""},
      {"\"kid\":\"HCLEkPub\",", ""},
      {"\"console-enabled\":false", "\"console-enabled\":0"},
      {"\"tpm-enabled\":true", "\"tpm-enabled\":true,\"unknown\":true"},
      {"\"tpm-enabled\":true", "\"tpm-enabled\":true,\"secure-boot\":true"},
      {"911B0EF8", "911B0EG8"},
      {"911B0EF8", "911B0EF"},
      {"\"vm-configuration\"", "\"vm-config\""},
      {"\"user-data\"", "\"more\":1,\"user-data\""},
      {"\"user-data\":\"00", "\"user-data\":\"0"},
      {"\"user-data\":\"00", "\"user-data\":\"zz"},
      {"{\"keys\"", "[{\"keys\""},
  };
  ASSERT_TRUE(parse_hcl_runtime(as_bytes(runtime())));
  for (const auto& [from, to] : changes) {
    std::string text = runtime();
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    EXPECT_FALSE(parse_hcl_runtime(as_bytes(text))) << from << " -> " << to;
  }
}

TEST(HclBlob, AzuresOwn) {
  const auto blob = read_vector("az-vtpm/snp-hcl-report.bin");
  if (!blob) GTEST_SKIP() << kNoVectors;
  const HclBlob parsed = parse_hcl_blob(*blob).value();
  const HclRuntime inside = parse_hcl_runtime(parsed.runtime).value();
  EXPECT_EQ(inside.ak_modulus.size(), 256U);
  EXPECT_EQ(inside.console_enabled, true);
  EXPECT_EQ(inside.secure_boot, true);
  const Hash digest = crypto::sha256(parsed.runtime);
  EXPECT_EQ(to_hex(parsed.report.subspan(0x50, 32)), to_hex(digest));
}

}  // namespace
}  // namespace gbx::attest::testing
