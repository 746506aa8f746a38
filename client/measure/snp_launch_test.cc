#include "client/measure/snp_launch.h"

#include <gtest/gtest.h>

#include "attest/testing/made_evidence.h"
#include "client/measure/ovmf.h"
#include "trusted/base/json.h"

namespace gbx::client {
namespace {

using Range = std::array<std::uint32_t, 3>;  // address, size, section

// A firmware that nobody could start: some bytes, and the tables at their end.
struct FirmwareMaker {
  std::vector<Range> ranges = {{0x800000, 0x9000, 1}, {0x80a000, 0x3000, 1}, {0x80d000, 0x1000, 2},
                               {0x80e000, 0x1000, 3}, {0x80f000, 0x1000, 4}, {0x810000, 0x1000, 16},
                               {0x811000, 0xf000, 1}};
  std::string signature = "ASEV";
  std::uint32_t version = 1;
  std::uint32_t metadata_size_added = 0;
  std::uint32_t metadata_at = 0x400;  // from the end
  std::uint32_t hash_address = 0x810c00;
  std::string footer = "96b582de-1fb2-45f7-baea-a366c55a082d";
  bool with_reset = true;
  bool with_metadata = true;
  bool with_hashes = true;
  bool with_second_reset = false;
  int footer_size_added = 0;

  [[nodiscard]] Bytes make() const {
    Bytes out(8192);
    for (std::size_t i = 0; i < out.size(); i++)
      out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    const Bytes metadata = make_metadata();
    std::copy(metadata.begin(), metadata.end(), out.end() - 0x400);
    const Bytes table = make_table();
    std::copy(table.begin(), table.end(), out.end() - 32 - static_cast<long>(table.size()));
    return out;
  }

 private:
  [[nodiscard]] Bytes make_metadata() const {
    Writer metadata;
    metadata.raw(as_bytes(signature));
    const auto count = static_cast<std::uint32_t>(ranges.size());
    metadata.u32(16 + 12 * count + metadata_size_added);
    metadata.u32(version);
    metadata.u32(count);
    for (const Range& range : ranges) {
      for (const std::uint32_t word : range) metadata.u32(word);
    }
    return metadata.take();
  }
  static void put(Writer& table, const char* guid, std::initializer_list<std::uint32_t> words) {
    for (const std::uint32_t word : words) table.u32(word);
    table.u16(static_cast<std::uint16_t>(18 + 4 * words.size()));
    table.raw(guid_bytes(guid));
  }
  [[nodiscard]] Bytes make_table() const {
    const char* reset = "00f771de-1a7e-4fcb-890e-68c77e2fb44e";
    Writer table;
    if (with_metadata) put(table, "dc886566-984a-4798-a75e-5585a7bf67cc", {metadata_at});
    if (with_hashes) put(table, "7255371f-3a3b-4b04-927b-1da6efa8d454", {hash_address, 0x400});
    if (with_reset) put(table, reset, {0x80b004});
    if (with_second_reset) put(table, reset, {0x80b004});
    table.u16(static_cast<std::uint16_t>(18 + static_cast<int>(table.bytes().size()) +
                                         footer_size_added));
    table.raw(guid_bytes(footer));
    return table.take();
  }
};

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; i++) out += text;
  return out;
}

class SnpLaunch : public ::testing::Test {
 protected:
  SnpLaunch() {
    guest.firmware = firmware;
    guest.cpu = cpu_signature("EPYC-v4").value();
  }
  [[nodiscard]] std::string digest() const { return to_hex(snp_launch_digest(guest).value()); }
  // Why the guest has no digest when its firmware is `maker`'s.
  std::string refusal(const FirmwareMaker& maker) {
    firmware = maker.make();
    guest.firmware = firmware;
    const auto digest = snp_launch_digest(guest);
    return digest ? "none" : std::string(digest.error().reason.view());
  }
  void start_kernel() {
    guest.kernel = DirectKernel{as_bytes(kernel), as_bytes(initrd), "console=ttyS0"};
  }

  Bytes firmware = FirmwareMaker().make();
  std::string kernel = repeated("kernel", 1000);
  std::string initrd = repeated("initrd", 99);
  SnpGuest guest;
};

// Known answers: what virtee/sev-snp-measure 0.0.13 computes for the same files.
TEST_F(SnpLaunch, FirmwareAlone) {
  EXPECT_EQ(digest(),
            "a83e166c1540b6bde63fcb2ef11fa31770ad3eea989995a2be2a3dabbb5faa82"
            "1c380e52c1bad5a41c2e7c0a1bdb9035");
}

TEST_F(SnpLaunch, KernelInitrdAndCommandLine) {
  start_kernel();
  EXPECT_EQ(digest(),
            "b527c303b3fc96bceaa74cd7b35ed00987d06d675d5ecac811432799eb0fc781"
            "17438b2a3f2fc554f3058c92f57b96f3");
}

TEST_F(SnpLaunch, KernelAlone) {
  guest.kernel = DirectKernel{as_bytes(kernel), {}, ""};
  EXPECT_EQ(digest(),
            "e695471998e4195fe560c5cd4e0e97f05189948381f5a4137b5546b93797e173"
            "2bac43c8690820e02f233708c8735513");
}

TEST_F(SnpLaunch, MoreProcessorsStartWhereTheFirmwareSays) {
  guest.vcpus = 3;
  guest.cpu = cpu_signature("EPYC-Genoa").value();
  guest.guest_features = 0x21;
  EXPECT_EQ(digest(),
            "edd2dcd316b518e6f21975eae9d6b0912e3e878f956c615e0745135af1cb3e3b"
            "e14cc5ad9b92f6b18695eca9f6924609");
}

TEST_F(SnpLaunch, TurinHasANewFamily) {
  guest.vcpus = 2;
  guest.cpu = cpu_signature("EPYC-Turin").value();
  EXPECT_EQ(digest(),
            "6d41149977caf464e4327299ddef580b778e2eaad469258b5e97d761a65bfa17"
            "555830ae3025beddb70b6fcedaffc5e5");
}

TEST_F(SnpLaunch, CloudsStartTheirGuestsTheirWay) {
  guest.vcpus = 2;
  guest.vmm = Vmm::ec2;
  EXPECT_EQ(digest(),
            "58e9f1115b1fc4962ba9567e6c89ddfc6daa6724021ec09ddf535d09d825a29f"
            "9cf5f33e4485f2f4f55c962943252843");
  guest.vmm = Vmm::gce;
  EXPECT_EQ(digest(),
            "5fc8f85d7e2a6ac46d0d97181b830846b87966faf095622e76fc174e1c83da62"
            "81073da39a9214a9e314252d07c55642");
}

TEST_F(SnpLaunch, EverythingThatIsStartedCounts) {
  start_kernel();
  const std::string known = digest();
  for (std::string* part : {&kernel, &initrd, &guest.kernel->command_line}) {
    part->back() ^= 1;
    EXPECT_NE(digest(), known);
    part->back() ^= 1;
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{5000}, firmware.size() - 1}) {
    firmware[at] ^= 1;
    EXPECT_NE(digest(), known) << at;
    firmware[at] ^= 1;
  }
  guest.guest_features = 0x21;
  EXPECT_NE(digest(), known);
  guest.guest_features = 1;
  guest.vcpus = 2;
  EXPECT_NE(digest(), known);
  guest.vcpus = 1;
  EXPECT_EQ(digest(), known);
}

TEST_F(SnpLaunch, RefusesAFirmwareThatIsNone) {
  for (const std::size_t size : {0U, 1U, 4095U, 4097U}) {
    firmware.assign(size, 0);
    guest.firmware = firmware;
    EXPECT_EQ(snp_launch_digest(guest).error().reason.view(), "firmware_malformed") << size;
  }
  firmware.assign(4096, 0);
  guest.firmware = firmware;
  EXPECT_EQ(snp_launch_digest(guest).error().reason.view(), "firmware_not_for_snp");
  EXPECT_EQ(refusal({.footer = "00000000-0000-0000-0000-000000000000"}), "firmware_not_for_snp");
  EXPECT_EQ(refusal({.with_reset = false}), "firmware_not_for_snp");
  EXPECT_EQ(refusal({.with_metadata = false}), "firmware_not_for_snp");
}

TEST_F(SnpLaunch, RefusesTablesThatDoNotAddUp) {
  EXPECT_EQ(refusal({.with_second_reset = true}), "firmware_malformed");
  for (const int added : {-80, -1, 1, 5000}) {
    EXPECT_EQ(refusal({.footer_size_added = added}), "firmware_malformed") << added;
  }
  EXPECT_EQ(refusal({.signature = "ASEW"}), "firmware_malformed");
  EXPECT_EQ(refusal({.version = 2}), "firmware_malformed");
  EXPECT_EQ(refusal({.metadata_size_added = 12}), "firmware_malformed");
  EXPECT_EQ(refusal({.metadata_at = 8193}), "firmware_malformed");
  EXPECT_EQ(refusal({.metadata_at = 8}), "firmware_malformed");
}

TEST_F(SnpLaunch, RefusesRangesThatAreNotWholePagesOfAKnownKind) {
  const std::vector<Range> wrong = {
      {0x800001, 0x1000, 1},    {0x800000, 0x1001, 1}, {0x800000, 0, 1},
      {0x800000, 0x1000, 0},    {0x800000, 0x1000, 5}, {0x800000, 0x1000, 17},
      {0x800000, 0x4001000, 1}, {0x800000, 0x2000, 2}, {0x800000, 0x2000, 3},
      {0x800000, 0x2000, 0x10},
  };
  for (const Range& range : wrong) {
    EXPECT_EQ(refusal({.ranges = {range}}), "firmware_malformed") << range[1] << " " << range[2];
  }
}

TEST_F(SnpLaunch, RefusesAKernelThatNobodyWouldMeasure) {
  start_kernel();
  EXPECT_EQ(refusal({.ranges = {{0x800000, 0x1000, 1}}}), "firmware_without_kernel_hashes");
  EXPECT_EQ(refusal({.hash_address = 0}), "firmware_without_kernel_hashes");
  EXPECT_EQ(refusal({.with_hashes = false}), "firmware_without_kernel_hashes");
  EXPECT_EQ(refusal({.hash_address = 0x810f51}), "firmware_malformed");
  EXPECT_EQ(refusal({.hash_address = 0x810f50}), "none");
}

TEST_F(SnpLaunch, RefusesAMachineThatIsNoSnpGuest) {
  for (const unsigned vcpus : {0U, kVcpusMax + 1}) {
    guest.vcpus = vcpus;
    EXPECT_EQ(refusal({}), "guest_malformed") << vcpus;
  }
  guest.vcpus = 1;
  guest.guest_features = 0x20;
  EXPECT_EQ(refusal({}), "guest_malformed");
}

TEST(CpuModels, AllHaveASignature) {
  for (const std::string_view model : cpu_models()) EXPECT_TRUE(cpu_signature(model)) << model;
  EXPECT_EQ(cpu_signature("EPYC-Milan"), 0xa00f11U);
  EXPECT_FALSE(cpu_signature("epyc"));
  EXPECT_FALSE(vmm_from("xen"));
}

// The number N of "...(0xN)".
std::uint64_t number_in(const std::string& text) {
  return std::stoull(text.substr(text.find("0x") + 2), nullptr, 16);
}

// The known answers that virtee/sev keeps, of two tails of real firmware.
TEST(SnpLaunchVectors, KnownAnswers) {
  const auto file = attest::testing::read_vector("snp-measure/cases.json");
  if (!file) GTEST_SKIP() << attest::testing::kNoVectors;
  const Json cases = Json::parse(as_text(*file)).value();
  for (const Json& known : *cases.find("cases")->array()) {
    const auto text = [&](const char* key) { return *known.find(key)->string(); };
    SCOPED_TRACE(text("name"));
    const Bytes firmware = attest::testing::read_vector("snp-measure/" + text("ovmf")).value();
    SnpGuest guest;
    guest.firmware = firmware;
    guest.vcpus = static_cast<unsigned>(std::stoul(text("vcpus")));
    ASSERT_EQ(text("vcpu_type"), "CpuType::EpycV4");
    guest.cpu = cpu_signature("EPYC-v4").value();
    guest.guest_features = number_in(text("guest_features"));
    if (text("vmm").find("EC2") != std::string::npos) guest.vmm = Vmm::ec2_2024;
    if (text("kernel") != "None") guest.kernel = DirectKernel{};  // empty files
    if (text("append") != "None") {
      const std::string append = text("append");
      const std::size_t begin = append.find('"') + 1;
      guest.kernel->command_line = append.substr(begin, append.rfind('"') - begin);
    }
    EXPECT_EQ(to_hex(snp_launch_digest(guest).value()), text("expect"));
  }
}

}  // namespace
}  // namespace gbx::client
